/** The facts of a file. */
import { DTYPE_NAMES, DTYPES, type Dtype, type SafetensorsFile } from "../../../index.node.ts";
import { placeName } from "../../files/place.ts";
import { guessStyle, STRUCTURE_KEY } from "../../trees/key-styles.ts";
import { findPacked } from "../../values/packed.ts";
import { sizeOf } from "../../values/size.ts";

/** Tensors of one dtype. */
export interface DtypeTotals {
  readonly dtype: Dtype;
  tensors: number;
  /** Weights, those counted that are packed; scales of packed ones are not. */
  parameters: number;
  bytes: number;
}

/** What is known of a file. */
export type Facts = ReturnType<typeof gatherFacts>;

/** Gathers the facts of a file from headers alone. */
export function gatherFacts(place: string, file: SafetensorsFile) {
  const packed = findPacked(file);
  const dtypes = new Map<Dtype, DtypeTotals>();
  for (const name of file.names) {
    const { dtype, shape, byteLength } = file.info(name);
    const totals = dtypes.get(dtype) ?? { dtype, tensors: 0, parameters: 0, bytes: 0 };
    totals.tensors++;
    if (!packed.auxiliary.has(name)) totals.parameters += packed.weights.get(name) ?? sizeOf(shape);
    totals.bytes += byteLength;
    dtypes.set(dtype, totals);
  }
  const list = [...dtypes.values()].sort(
    (a, b) => DTYPE_NAMES.indexOf(b.dtype) - DTYPE_NAMES.indexOf(a.dtype),
  );
  const sum = (key: "tensors" | "parameters" | "bytes") =>
    list.reduce((total, totals) => total + totals[key], 0);
  const parts = layoutOf(file);
  const shards = parts.filter((part) => part.file !== undefined);
  const { [STRUCTURE_KEY]: structure, ...strings } = file.metadata;
  const tied = file.aliases;
  const aliases = Array.from(tied, ([name, stored]) => ({ name, stored }));
  const isAlias = ([key]: readonly [string, string]) => tied.has(key);
  const metadata = Object.fromEntries(Object.entries(strings).filter((entry) => !isAlias(entry)));
  return {
    file: placeName(place),
    bytes: file.byteLength,
    headerBytes: parts.reduce((total, part) => total + part.headerBytes, 0),
    tensors: sum("tensors"),
    parameters: sum("parameters"),
    /** What the index says, which may leave out what is not a parameter of the model. */
    declaredParameters: file.totalParameters ?? null,
    dataBytes: sum("bytes"),
    dtypes: list,
    packed: packed.packings,
    unaligned: parts.reduce((total, part) => total + part.unaligned, 0),
    keys: guessStyle(file),
    structure: structure === undefined ? null : describeStructure(structure),
    missing: Array.from(file.missing, ([name, shard]) => ({ name, shard })),
    aliases,
    metadata,
    shards,
  };
}

/** The files of a checkpoint: their sizes, their tensors, and how many of these are not aligned. */
function layoutOf(file: SafetensorsFile) {
  const parts = file.files.map(({ name, byteLength, headerLength }) => ({
    file: name,
    bytes: byteLength,
    headerBytes: headerLength,
    tensors: 0,
    unaligned: 0,
  }));
  for (const name of file.names) {
    const place = file.place(name);
    const part = parts[place.file]!;
    part.tensors++;
    if (place.start % DTYPES[file.info(name).dtype].array.BYTES_PER_ELEMENT !== 0) part.unaligned++;
  }
  return parts;
}

function describeStructure(text: string): { version: unknown; nodes: number; leaves: number; bytes: number } {
  const bytes = Buffer.byteLength(text);
  try {
    const { version, nodes, leaves } = JSON.parse(text);
    return {
      version,
      nodes: Object.keys(nodes ?? {}).length,
      leaves: Object.keys(leaves ?? {}).length,
      bytes,
    };
  } catch {
    return { version: null, nodes: 0, leaves: 0, bytes };
  }
}
