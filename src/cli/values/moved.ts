/** Tensors that stand under another name in another file. */
import type { SafetensorsFile } from "../../index.node.ts";
import { Digest, equalBytes } from "./bytes.ts";
import { readChunks } from "./chunks.ts";

/** A tensor that stands under another name in the other file. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

// Enough to tell trained tensors apart, so that few are ever read whole.
const GLANCE_BYTES = 4096;

/**
 * Finds tensors that have the same dtype, shape and bytes under another name: of those with equals in the other
 * file's list, first a glance at the beginning, then a digest of the whole. Only what compares equal byte by byte has
 * moved. One chunk is in memory at a time.
 *
 * @param removed Names that only `a` has.
 * @param added Names that only `b` has.
 */
export async function findMoved(
  a: SafetensorsFile,
  b: SafetensorsFile,
  removed: readonly string[],
  added: readonly string[],
  signal: AbortSignal,
): Promise<Move[]> {
  const moves: Move[] = [];
  const fileOf = (side: Side) => (side === "a" ? a : b);
  const groups = pairUp({ removed, added }, (name, side) => {
    const { dtype, shape } = fileOf(side).info(name);
    return `${dtype}[${shape}]`;
  });
  for (const group of groups) {
    const glances = await pairUpAsync(group, (name, side) =>
      digest(fileOf(side), name, signal, GLANCE_BYTES),
    );
    for (const close of glances) {
      const isSingle = close.removed.length === 1 && close.added.length === 1;
      const isSeen = a.info(close.removed[0]!).byteLength <= GLANCE_BYTES;
      const equals =
        isSingle || isSeen
          ? [close]
          : await pairUpAsync(close, (name, side) => digest(fileOf(side), name, signal));
      for (const candidates of equals) {
        for (const move of match(candidates)) {
          if (await haveSameBytes(a, b, move, signal)) moves.push(move);
        }
      }
    }
  }
  const order = new Map(removed.map((name, i) => [name, i]));
  return moves.sort((x, y) => order.get(x.from)! - order.get(y.from)!);
}

interface Group {
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

type Side = "a" | "b";

/** Groups names by what is known of them; groups without names of both sides are left out. */
function pairUp({ removed, added }: Group, keyOf: (name: string, side: Side) => string): Group[] {
  const groups = new Map<string, { removed: string[]; added: string[] }>();
  const put = (name: string, side: Side) => {
    const key = keyOf(name, side);
    const group = groups.get(key) ?? { removed: [], added: [] };
    group[side === "a" ? "removed" : "added"].push(name);
    groups.set(key, group);
  };
  for (const name of removed) put(name, "a");
  for (const name of added) put(name, "b");
  return [...groups.values()].filter((group) => group.removed.length > 0 && group.added.length > 0);
}

async function pairUpAsync(
  group: Group,
  keyOf: (name: string, side: Side) => Promise<string>,
): Promise<Group[]> {
  const keys = { a: new Map<string, string>(), b: new Map<string, string>() };
  for (const name of group.removed) keys.a.set(name, await keyOf(name, "a"));
  for (const name of group.added) keys.b.set(name, await keyOf(name, "b"));
  return pairUp(group, (name, side) => keys[side].get(name)!);
}

async function digest(
  file: SafetensorsFile,
  name: string,
  signal: AbortSignal,
  limit?: number,
): Promise<string> {
  const digest = new Digest();
  const options = { signal, ...(limit !== undefined && { chunkBytes: limit }) };
  for await (const chunk of file.stream(name, options)) {
    digest.add(chunk);
    if (limit !== undefined) break;
  }
  return String(digest);
}

async function haveSameBytes(
  a: SafetensorsFile,
  b: SafetensorsFile,
  { from, to }: Move,
  signal: AbortSignal,
): Promise<boolean> {
  const others = readChunks(b, to, signal);
  try {
    for await (const chunk of readChunks(a, from, signal)) {
      const { value } = await others.next();
      if (!value || !equalBytes(chunk, value)) return false;
    }
    return true;
  } finally {
    await others.return();
  }
}

/**
 * Pairs equal tensors, zeroed biases for example, by how long an end their names have in common: a move between
 * layers leaves that alone. Names sorted from their ends lie beside those that end alike, so a stack of those that are
 * still alone finds for each the best that is left, in as many steps as there are names and characters.
 */
export function match({ removed, added }: Group): Move[] {
  const entries = [
    ...removed.map((name) => ({ name, key: reversed(name), side: "a" as const })),
    ...added.map((name) => ({ name, key: reversed(name), side: "b" as const })),
  ].sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
  const moves: Move[] = [];
  // Groups of names that end alike, each with a longer end in common than the one below it.
  const stack: { common: number; a: string[]; b: string[] }[] = [{ common: 0, a: [], b: [] }];
  const close = (common: number) => {
    while (stack.at(-1)!.common > common) {
      const top = stack.pop()!;
      pairOff(top, moves);
      const below = stack.at(-1)!;
      if (below.common < common) stack.push({ ...top, common });
      else {
        append(below.a, top.a);
        append(below.b, top.b);
      }
    }
  };
  for (const [i, { name, key, side }] of entries.entries()) {
    const before = i === 0 ? 0 : commonLength(entries[i - 1]!.key, key);
    close(before);
    stack.push({ common: key.length + 1, a: side === "a" ? [name] : [], b: side === "b" ? [name] : [] });
  }
  close(0);
  pairOff(stack[0]!, moves);
  return moves;
}

/** What is left of a group that is closed goes to the next one, the shorter list into the longer. */
function append(target: string[], rest: string[]): void {
  for (const name of rest) target.push(name);
}

function pairOff(group: { a: string[]; b: string[] }, moves: Move[]): void {
  const count = Math.min(group.a.length, group.b.length);
  const [from, to] = [group.a.splice(0, count), group.b.splice(0, count)];
  for (const [i, name] of from.entries()) moves.push({ from: name, to: to[i]! });
}

function reversed(name: string): string {
  let text = "";
  for (let i = name.length - 1; i >= 0; i--) text += name[i];
  return text;
}

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
