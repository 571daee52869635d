/** Reads the spans of a slice, one behind the other into memory for them, several at once, in bounded memory. */
import { type ByteRange, planReads, type ReadGroup } from "../format/read-plan.ts";
import type { SlicePlan } from "../format/slice.ts";
import { runAll } from "../io/run-all.ts";
import type { FileTensor } from "./file-part.ts";
import type { LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";

// A request costs more than reading this much that nobody asked for, on disks and over HTTP alike.
const MAX_GAP = 16 * 2 ** 10;
// Scratch memory for one group; a few are under way at once.
const GROUP_BYTES = 8 * 2 ** 20;

/** Bytes of the file, and where in the result they go. */
interface Span extends ByteRange {
  readonly offset: number;
}

/** Reads a slice into `target`, which has its size. */
export async function readSlice(
  { name, start: base, file: { source } }: FileTensor,
  plan: SlicePlan,
  target: ArrayBufferView,
  options: LongCallOptions,
): Promise<void> {
  const { signal } = options;
  const part = (offset: number, length: number) =>
    new Uint8Array(target.buffer, target.byteOffset + offset, length);
  const progress = new ProgressCounter(plan.byteLength, options.onProgress);
  const groups = planReads(spansOf(plan, base), { maxGap: MAX_GAP, maxGroup: GROUP_BYTES });
  const failure = new AbortController();
  const signals = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const read = async ({ start, end, members }: ReadGroup<Span>) => {
    signals.throwIfAborted();
    const only = members.length === 1 ? members[0]! : undefined;
    const into = only && part(only.offset, only.end - only.start);
    const bytes = await source.read(start, end, { signal: signals, into });
    for (const span of members) {
      const length = span.end - span.start;
      if (bytes !== into) part(span.offset, length).set(bytes.subarray(span.start - start, span.end - start));
      progress.add(length, name);
    }
  };
  const stopOthers = (error: unknown) => {
    failure.abort();
    throw error;
  };
  await runAll(
    groups,
    source.parallel ?? 1,
    (group) => read(group).catch(stopOthers),
    () => signal?.throwIfAborted(),
  );
  progress.finish(name);
}

/** The spans of a slice in the file, long ones cut. */
function* spansOf(plan: SlicePlan, base: number): Generator<Span, void, undefined> {
  let offset = 0;
  for (const span of plan.spans()) {
    for (let start = base + span.start; start < base + span.end; ) {
      const end = Math.min(base + span.end, start + GROUP_BYTES);
      yield { start, end, offset };
      offset += end - start;
      start = end;
    }
  }
}
