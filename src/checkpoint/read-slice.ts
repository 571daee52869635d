import type { SlicePlan } from "../format/slice.ts";
import type { LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import type { TensorRead } from "./read.ts";

/** Bytes of the file that are read at once, and where each span of them goes. */
interface Batch {
  readonly start: number;
  readonly end: number;
  readonly spans: readonly { readonly from: number; readonly to: number; readonly offset: number }[];
}

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
  const batches = batchesOf(plan, start);
  const failure = new AbortController();
  const signals = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const work = async () => {
    for (const batch of batches) {
      signals.throwIfAborted();
      const only = batch.spans.length === 1 ? batch.spans[0]! : undefined;
      const into = only && part(only.offset, only.to - only.from);
      const bytes = await source.read(batch.start, batch.end, { signal: signals, into });
      for (const { from, to, offset } of batch.spans) {
        if (bytes !== into) part(offset, to - from).set(bytes.subarray(from - batch.start, to - batch.start));
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

/** Joins spans that lie close together, and cuts long ones. */
function* batchesOf(plan: SlicePlan, base: number): Generator<Batch, void, undefined> {
  let start = 0;
  let end = 0;
  let spans: { from: number; to: number; offset: number }[] = [];
  let offset = 0;
  for (const span of plan.spans()) {
    for (let from = base + span.start; from < base + span.end; ) {
      const to = Math.min(base + span.end, from + BATCH_BYTES);
      if (spans.length > 0 && (from - end > MAX_GAP || to - start > BATCH_BYTES)) {
        yield { start, end, spans };
        spans = [];
      }
      if (spans.length === 0) start = from;
      end = to;
      spans.push({ from, to, offset });
      offset += to - from;
      from = to;
    }
  }
  if (spans.length > 0) yield { start, end, spans };
}
