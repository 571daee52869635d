// Decides which bytes are read together.

/** The bytes `[start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Bytes that one read fetches. If `start` is `end`, there is nothing to read. */
export interface ReadGroup<R extends ByteRange = ByteRange> extends ByteRange {
  /** The ranges that lie in these bytes, or, after a cut, the one of which these bytes are a part. */
  readonly members: readonly R[];
}

/** Options of {@link planReads}. */
export interface ReadPlanOptions {
  /** How many bytes that nobody asked for may be read between two ranges, to save a further read; 64 KiB by default. */
  readonly maxGap?: number;
  /** How many bytes a group has at most, unless it is a single range that is longer; 16 MiB by default. */
  readonly maxGroup?: number;
  /** A range of more bytes than this is cut into several groups; by default it never is. */
  readonly maxRead?: number;
}

// At a request's latency over HTTP, and a system call's on disk, this much is read for less than another read costs.
const DEFAULT_MAX_GAP = 64 * 2 ** 10;
const DEFAULT_MAX_GROUP = 16 * 2 ** 20;

/**
 * Plans the reads of `ranges`: neighbours together, long ones in parts. Ranges may overlap, repeat or be empty. Each is
 * a member of one group, or of several that follow each other if it is cut. The plan is made while it is read, one
 * group at a time, so that any number of ranges costs no memory.
 *
 * @param ranges In the order of the file: by start, then by end.
 */
export function* planReads<R extends ByteRange>(
  ranges: Iterable<R>,
  options: ReadPlanOptions = {},
): Generator<ReadGroup<R>, void, undefined> {
  const {
    maxGap = DEFAULT_MAX_GAP,
    maxGroup = DEFAULT_MAX_GROUP,
    maxRead = Number.POSITIVE_INFINITY,
  } = options;
  let group: { start: number; end: number; members: R[] } | undefined;
  for (const range of ranges) {
    const { start, end } = range;
    if (group !== undefined) {
      const joined = Math.max(group.end, end);
      if (start >= group.start && start - group.end <= maxGap && joined - group.start <= maxGroup) {
        group.end = joined;
        group.members.push(range);
        continue;
      }
      yield group;
    }
    const pieces = splitRead(start, end, maxRead);
    for (let i = 0; i < pieces.length - 1; i++) yield { ...pieces[i]!, members: [range] };
    group = { start: pieces.at(-1)?.start ?? start, end, members: [range] };
  }
  if (group !== undefined) yield group;
}

/** Cuts the bytes `[start, end)` into pieces of at most `maxRead`; none if it is empty. */
export function splitRead(start: number, end: number, maxRead: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (let at = start; at < end; at += maxRead) pieces.push({ start: at, end: Math.min(at + maxRead, end) });
  return pieces;
}
