/** All that two files differ in, as a plain object: what `diff` says, for whoever shows it. */
import type { KeyStyleName, SafetensorsFile } from "../../index.node.ts";
import { guessStyle, STRUCTURE_KEY } from "../trees/key-styles.ts";
import { naturalCompare } from "../trees/natural.ts";
import { type NamePair, pairNames } from "../trees/pairs.ts";
import { type CompareOptions, type Comparison, compare } from "./comparison.ts";
import { findMoved, type Move } from "./moved.ts";

/** Dtype and shape of a tensor of one side. */
export interface Info {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A tensor that only one of two files has. */
export interface Single extends Info {
  readonly name: string;
}

/** A tensor that both files have, and that is not the same. */
export interface Change {
  /** Its name in the first file. */
  readonly name: string;
  /** Its name in the second file, where that is another. */
  readonly nameB?: string;
  readonly a: Info;
  readonly b: Info;
  /** How the values differ, where the shapes are the same. */
  readonly values?: Comparison;
}

/** A metadata string that differs; `null` where a file does not have it. */
export interface MetadataChange {
  readonly key: string;
  readonly a: string | null;
  readonly b: string | null;
}

/** All that two files differ in. */
export interface Difference {
  /** Whether nothing differs by more than the tolerance. */
  readonly equal: boolean;
  /** The key styles by which names were paired. */
  readonly keys: { readonly a: KeyStyleName; readonly b: KeyStyleName };
  /** How many tensors are paired though their names are not the same. */
  readonly respelled: number;
  readonly removed: readonly Single[];
  readonly added: readonly Single[];
  readonly moved: readonly (Move & Info)[];
  readonly retyped: readonly Change[];
  readonly reshaped: readonly Change[];
  readonly changed: readonly Change[];
  /** Changed by no more than the tolerance, other dtypes included. */
  readonly close: readonly Change[];
  readonly same: number;
  readonly metadata: readonly MetadataChange[];
}

/** How files are compared. */
export interface DifferenceOptions extends CompareOptions {
  /** Takes these tensors only. */
  readonly only?: ((name: string) => boolean) | undefined;
  /** Compares names, dtypes and shapes only; no values are read. */
  readonly structure?: boolean | undefined;
  readonly metadata?: boolean | undefined;
  /** New names for tensors of the first file, before names are paired. */
  readonly rename?: ((name: string) => string) | undefined;
  readonly keys?: { readonly a?: KeyStyleName | undefined; readonly b?: KeyStyleName | undefined };
  /** Told, before values are read, how many bytes that will be. */
  readonly onTotal?: ((bytes: number) => void) | undefined;
}

/** Compares two files: structure, values of pairs, metadata. Memory is bounded by a few chunks and the names. */
export async function findDifference(
  a: SafetensorsFile,
  b: SafetensorsFile,
  options: DifferenceOptions,
): Promise<Difference> {
  const { only, structure = false, signal } = options;
  const styles = [options.keys?.a ?? guessStyle(a), options.keys?.b ?? guessStyle(b)] as const;
  const take = (file: SafetensorsFile) => (only ? file.names.filter(only) : file.names);
  const { pairs, onlyA, onlyB } = pairNames(take(a), take(b), { styles, rename: options.rename });
  const moved = structure ? [] : await findMoved(a, b, onlyA, onlyB, signal);
  const gone = new Set(moved.map((move) => move.from));
  const come = new Set(moved.map((move) => move.to));
  const single = (file: SafetensorsFile, name: string): Single => ({ name, ...infoOf(file, name) });

  const pairwise = await comparePairs(a, b, pairs, options);
  const removed = onlyA.filter((name) => !gone.has(name)).map((name) => single(a, name));
  const added = onlyB.filter((name) => !come.has(name)).map((name) => single(b, name));
  const metadata =
    options.metadata === false ? [] : compareMetadata(a.metadata, b.metadata, styles[0] === styles[1]);
  const lists = {
    removed: sorted(removed, ({ name }) => name),
    added: sorted(added, ({ name }) => name),
    moved: sorted(
      moved.map((move) => ({ ...move, ...infoOf(a, move.from) })),
      ({ from }) => from,
    ),
    retyped: sorted(pairwise.retyped, ({ name }) => name),
    reshaped: sorted(pairwise.reshaped, ({ name }) => name),
    changed: sorted(pairwise.changed, ({ name }) => name),
  };
  return {
    equal: metadata.length === 0 && Object.values(lists).every((list) => list.length === 0),
    keys: { a: styles[0], b: styles[1] },
    respelled: pairs.filter((pair) => pair.a !== pair.b).length,
    ...lists,
    close: sorted(pairwise.close, ({ name }) => name),
    same: pairwise.same,
    metadata,
  };
}

async function comparePairs(
  a: SafetensorsFile,
  b: SafetensorsFile,
  pairs: readonly NamePair[],
  { structure, onTotal, tolerance, signal, onBytes }: DifferenceOptions,
) {
  const isSameShape = (pair: NamePair) => String(a.info(pair.a).shape) === String(b.info(pair.b).shape);
  const lists = {
    retyped: [] as Change[],
    reshaped: [] as Change[],
    changed: [] as Change[],
    close: [] as Change[],
  };
  let same = 0;
  let total = 0;
  for (const pair of pairs)
    if (isSameShape(pair)) total += a.info(pair.a).byteLength + b.info(pair.b).byteLength;
  onTotal?.(total);
  for (const pair of pairs) {
    const change = {
      name: pair.a,
      ...(pair.a !== pair.b && { nameB: pair.b }),
      a: infoOf(a, pair.a),
      b: infoOf(b, pair.b),
    };
    if (!isSameShape(pair)) {
      lists.reshaped.push(change);
      continue;
    }
    const isRetyped = change.a.dtype !== change.b.dtype;
    if (structure) {
      if (isRetyped) lists.retyped.push(change);
      else same++;
      continue;
    }
    const values = await compare({ a, b, nameA: pair.a, nameB: pair.b }, { tolerance, signal, onBytes });
    const full = { ...change, values };
    if (values.identical) same++;
    else if (tolerance !== undefined && values.beyond === 0) lists.close.push(full);
    else if (isRetyped) lists.retyped.push(full);
    else lists.changed.push(full);
  }
  return { ...lists, same };
}

function sorted<T>(list: readonly T[], nameOf: (item: T) => string): T[] {
  return [...list].sort((x, y) => naturalCompare(nameOf(x), nameOf(y)));
}

function infoOf(file: SafetensorsFile, name: string): Info {
  const { dtype, shape } = file.info(name);
  return { dtype, shape };
}

type Metadata = Readonly<Record<string, string>>;

function compareMetadata(a: Metadata, b: Metadata, withStructure: boolean): MetadataChange[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  const valueAt = (metadata: Metadata, key: string) => (Object.hasOwn(metadata, key) ? metadata[key]! : null);
  const differs = ({ key, a, b }: MetadataChange) =>
    // Files of two key styles record the same tree in two ways.
    key === STRUCTURE_KEY ? withStructure && canonical(a) !== canonical(b) : a !== b;
  return keys
    .map((key) => ({ key, a: valueAt(a, key), b: valueAt(b, key) }))
    .filter(differs)
    .sort((x, y) => Number(x.key === STRUCTURE_KEY) - Number(y.key === STRUCTURE_KEY));
}

/** Structure metadata lists nodes in whatever order the tree had: the same ones say the same. */
function canonical(structure: string | null): string | null {
  try {
    const { nodes, ...rest } = JSON.parse(structure ?? "");
    return JSON.stringify([rest, (nodes as unknown[]).map((node) => JSON.stringify(node)).sort()]);
  } catch {
    return structure;
  }
}
