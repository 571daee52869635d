import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { SlicePlan } from "../format/slice.ts";
import type { TensorOptions } from "./file.ts";
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

/** Reads the spans of a slice into one new buffer (or the one given), several at once, in bounded memory. */
export async function readSpans(
  at: TensorRead,
  plan: SlicePlan,
  options: TensorOptions,
): Promise<Uint8Array> {
  const { source, name, start } = at;
  const { signal } = options;
  const result = targetOf(name, plan.byteLength, options);
  const progress = new ProgressCounter(plan.byteLength, options.onProgress);
  const batches = batchesOf(plan, start);
  const failure = new AbortController();
  const signals = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const work = async () => {
    for (const batch of batches) {
      signals.throwIfAborted();
      const only = batch.spans.length === 1 ? batch.spans[0]! : undefined;
      const into = only && result.subarray(only.offset, only.offset + only.to - only.from);
      const bytes = await source.read(batch.start, batch.end, { signal: signals, into });
      for (const { from, to, offset } of batch.spans) {
        if (bytes !== into) result.set(bytes.subarray(from - batch.start, to - batch.start), offset);
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
  return result;
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

function targetOf(name: string, bytes: number, options: TensorOptions): Uint8Array {
  const { into } = options;
  if (into === undefined || options.cast !== undefined) return new Uint8Array(bytes);
  if (into.byteLength === bytes) return new Uint8Array(into.buffer, into.byteOffset, bytes);
  throw new Pytree2SafetensorsError(
    "InvalidArgument",
    `the slice of ${JSON.stringify(name)} has ${bytes} bytes, the memory given by "into" has ${into.byteLength}`,
    { tensor: name, expected: `${bytes} bytes`, found: `${into.byteLength} bytes` },
  );
}
