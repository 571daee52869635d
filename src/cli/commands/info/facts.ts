/** The facts of a file. */
import { DTYPE_NAMES, DTYPES, type Dtype, type SafetensorsFile } from "../../../index.node.ts";
import { open } from "../../files/open.ts";
import { readIndex } from "../../files/shard-files.ts";
import type { Terminal } from "../../terminal/terminal.ts";
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
export type Facts = Awaited<ReturnType<typeof gatherFacts>>;

/** Gathers the facts of a file from headers alone. */
export async function gatherFacts(place: string, file: SafetensorsFile, terminal: Terminal) {
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
  const shards = [];
  const index = await readIndex(place, terminal.signal);
  for (const shard of index?.files ?? []) {
    await using part = await open(shard.place, terminal);
    shards.push({ file: shard.name, bytes: part.byteLength, tensors: part.names.length, ...layoutOf(part) });
  }
  const parts = shards.length > 0 ? shards : [layoutOf(file)];
  const { [STRUCTURE_KEY]: structure, ...strings } = file.metadata;
  const { aliases, metadata } = splitAliases(file, strings);
  const declared = index?.metadata.total_parameters;
  return {
    file: place,
    bytes: file.byteLength,
    headerBytes: parts.reduce((total, part) => total + part.headerBytes, 0),
    tensors: sum("tensors"),
    parameters: sum("parameters"),
    /** What the index says, which may leave out what is not a parameter of the model. */
    declaredParameters: typeof declared === "number" ? declared : null,
    dataBytes: sum("bytes"),
    dtypes: list,
    packed: packed.packings,
    unaligned: parts.reduce((total, part) => total + part.unaligned, 0),
    keys: guessStyle(file),
    structure: structure === undefined ? null : describeStructure(structure),
    aliases,
    metadata,
    shards,
  };
}

/** What follows from a file's having no holes: how long its header is, and where each tensor begins. */
function layoutOf(file: SafetensorsFile): { headerBytes: number; unaligned: number } {
  const sizes = file.names.map((name) => file.info(name));
  const headerBytes = file.byteLength - 8 - sizes.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let at = 8 + headerBytes;
  let unaligned = 0;
  for (const { dtype, byteLength } of sizes) {
    if (at % DTYPES[dtype].array.BYTES_PER_ELEMENT !== 0) unaligned++;
    at += byteLength;
  }
  return { headerBytes, unaligned };
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

/**
 * Parts tied weights from the metadata: `save_model` of the Python package leaves the name of a tensor that it did not
 * write with the name of the one that holds its data.
 */
function splitAliases(file: SafetensorsFile, strings: Readonly<Record<string, string>>) {
  const entries = Object.entries(strings);
  const isAlias = ([name, stored]: readonly [string, string]) => file.has(stored) && !file.has(name);
  return {
    aliases: entries.filter(isAlias).map(([name, stored]) => ({ name, stored })),
    metadata: Object.fromEntries(entries.filter((entry) => !isAlias(entry))),
  };
}
