import { planReads } from "../format/read-plan.ts";
import type { SlicePlan } from "../format/slice.ts";
import type { LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import type { TensorRead } from "./read.ts";

// A request costs more than reading this much that nobody asked for, on disks and over HTTP alike.
const MAX_GAP = 16 * 2 ** 10;
// Scratch memory for one batch; four are under way at once.
const BATCH_BYTES = 8 * 2 ** 20;

/** Reads the spans of a slice one behind the other into memory for them, several at once, in bounded memory. */
export async function readSpans(
  at: TensorRead,
  plan: SlicePlan,
  target: ArrayBufferView,
  options: LongCallOptions,
): Promise<void> {
  const { source, name, start } = at;
  const { signal } = options;
  const part = (offset: number, length: number) =>
    new Uint8Array(target.buffer, target.byteOffset + offset, length);
  const progress = new ProgressCounter(plan.byteLength, options.onProgress);
  const plannedReads = planReads(plan.spans(start), {
    maxGap: MAX_GAP,
    maxGroup: BATCH_BYTES,
    maxRead: BATCH_BYTES,
  });
  const failure = new AbortController();
  const signals = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const work = async () => {
    for (const group of plannedReads) {
      signals.throwIfAborted();
      const pieces = group.members.map((span) => {
        const from = Math.max(span.start, group.start);
        const to = Math.min(span.end, group.end);
        return { from, to, memory: part(span.offset + from - span.start, to - from) };
      });
      const into = pieces.length === 1 ? pieces[0]!.memory : undefined;
      const bytes = await source.read(group.start, group.end, { signal: signals, into });
      for (const { from, to, memory } of pieces) {
        if (bytes !== memory) memory.set(bytes.subarray(from - group.start, to - group.start));
        progress.add(to - from, name);
      }
    }
  };
  const workers = Array.from({ length: source.parallel ?? 1 }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    failure.abort();
    await Promise.allSettled(workers);
    signal?.throwIfAborted();
    throw error;
  }
  progress.finish(name);
}
