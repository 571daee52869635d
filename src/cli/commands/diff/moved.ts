// Finds tensors that moved to another name between two files; runs in Node and in browsers.
import type { SafetensorsFile } from "../../../index.node.ts";
import { sameBytes } from "../../values/bytes.ts";
import { type ChunkReader, readChunks } from "../../values/chunks.ts";

/** A tensor that stands under another name in the other file. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

// Enough to tell trained tensors apart, so that few are ever read whole.
const GLANCE_BYTES = 4096;

/**
 * Finds tensors that have the same dtype, shape and bytes under another name. Among those with the same dtype and
 * shape it first looks at the beginning of the data, and then compares those that begin alike in full. A few chunks
 * are in memory at a time.
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
  const groups = pairUp(removed, added, (name, side) => {
    const { dtype, shape } = (side === "a" ? a : b).info(name);
    return `${dtype}[${shape}]`;
  });
  for (const group of groups) {
    const glances = await pairUpAsync(group, (name, side) => glance(side === "a" ? a : b, name, signal));
    for (const close of glances) {
      const [from, to] = [close.removed[0]!, close.added[0]!];
      if (close.removed.length === 1 && close.added.length === 1) {
        if (await haveSameBytes({ file: a, name: from }, { file: b, name: to }, signal))
          moves.push({ from, to });
        continue;
      }
      const classes = new Classes(signal);
      const equals = await pairUpAsync(close, (name, side) =>
        classes.of({ file: side === "a" ? a : b, name }),
      );
      for (const { removed: from, added: to } of equals) moves.push(...match(from, to));
    }
  }
  const order = new Map(removed.map((name, i) => [name, i]));
  return moves.sort((x, y) => order.get(x.from)! - order.get(y.from)!);
}

interface Group {
  readonly removed: string[];
  readonly added: string[];
}

type Side = "a" | "b";

/** Groups names by what is known of them; groups without names of both sides are left out. */
function pairUp(
  removed: readonly string[],
  added: readonly string[],
  keyOf: (name: string, side: Side) => string,
): Group[] {
  const groups = new Map<string, Group>();
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
  return pairUp(group.removed, group.added, (name, side) => keys[side].get(name)!);
}

/** The beginning of a tensor's data, as a key to group by. */
async function glance(file: ChunkReader, name: string, signal: AbortSignal): Promise<string> {
  for await (const chunk of file.stream(name, { signal, chunkBytes: GLANCE_BYTES })) {
    return String.fromCharCode(...chunk);
  }
  return "";
}

/** A tensor and where it is read from. */
interface Place {
  readonly file: ChunkReader;
  readonly name: string;
}

/** Sorts tensors into classes of equal bytes: each is compared with one of every class that is known. */
class Classes {
  readonly #firsts: Place[] = [];
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** The class of a tensor, as a key to group by. */
  async of(place: Place): Promise<string> {
    for (const [i, first] of this.#firsts.entries()) {
      if (await haveSameBytes(first, place, this.#signal)) return String(i);
    }
    this.#firsts.push(place);
    return String(this.#firsts.length - 1);
  }
}

async function haveSameBytes(a: Place, b: Place, signal: AbortSignal): Promise<boolean> {
  const others = readChunks(b.file, b.name, signal);
  try {
    for await (const chunk of readChunks(a.file, a.name, signal)) {
      const { value } = await others.next();
      if (!value || !sameBytes(chunk, value)) return false;
    }
    return true;
  } finally {
    await others.return();
  }
}

/** Of several equal tensors, zeroed biases for example, those with the most alike names belong together. */
function match(removed: readonly string[], added: readonly string[]): Move[] {
  const left = [...added];
  return removed.slice(0, added.length).map((from) => {
    let best = 0;
    for (let i = 1; i < left.length; i++) if (alike(from, left[i]!) > alike(from, left[best]!)) best = i;
    return { from, to: left.splice(best, 1)[0]! };
  });
}

/** How many characters two names have in common at their ends, where a move between layers leaves them alone. */
function alike(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let end = 0;
  while (end < most && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return end;
}
