/** The bytes `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges that one read fetches together. Where all of them are empty, `start` is `end`: nothing to read. */
export interface ReadGroup extends ByteRange {
  /** Indices of the ranges that lie inside, in file order. */
  readonly members: readonly number[];
}

/** Options of {@link planReads}. */
export interface ReadPlanOptions {
  /** Bytes that nobody asked for, read to save a further read: at most so many between two ranges. */
  readonly maxGap?: number;
  /** A group has at most so many bytes, unless it is a single range that has more. */
  readonly maxGroup?: number;
}

// At a request's latency over HTTP, and a system call's on disk, this much is read for less than another read costs.
const DEFAULT_MAX_GAP = 64 * 2 ** 10;
const DEFAULT_MAX_GROUP = 16 * 2 ** 20;

/**
 * Decides what to read for `ranges`: groups in file order, neighbours together. Ranges may come in any order,
 * overlap, repeat or be empty; each is a member of exactly one group.
 */
export function planReads(ranges: readonly ByteRange[], options: ReadPlanOptions = {}): ReadGroup[] {
  const { maxGap = DEFAULT_MAX_GAP, maxGroup = DEFAULT_MAX_GROUP } = options;
  const groups: ReadGroup[] = [];
  let current: { start: number; end: number; members: number[] } | undefined;
  for (const index of fileOrder(ranges)) {
    const { start, end } = ranges[index]!;
    const joined = current && Math.max(current.end, end);
    if (current && joined! - current.start <= maxGroup && start - current.end <= maxGap) {
      current.end = joined!;
      current.members.push(index);
    } else {
      current = { start, end, members: [index] };
      groups.push(current);
    }
  }
  return groups;
}

function fileOrder(ranges: readonly ByteRange[]): Uint32Array {
  const order = new Uint32Array(ranges.length);
  let sorted = true;
  for (let i = 0; i < order.length; i++) {
    order[i] = i;
    if (i > 0 && compareRanges(ranges[i - 1]!, ranges[i]!) > 0) sorted = false;
  }
  return sorted ? order : order.sort((a, b) => compareRanges(ranges[a]!, ranges[b]!) || a - b);
}

function compareRanges(a: ByteRange, b: ByteRange): number {
  return a.start - b.start || a.end - b.end;
}

/** Cuts the bytes `[start, end)` into pieces of at most `maxRead`; none if it is empty. */
export function splitRead(start: number, end: number, maxRead: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let at = start; at < end; at += maxRead) pieces.push({ start: at, end: Math.min(at + maxRead, end) });
  return pieces;
}
