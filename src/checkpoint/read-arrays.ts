/** Reads tensors and makes arrays of them as they come, so that a tensor's memory is free once its array is made. */
import { abortable } from "../io/abort.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter } from "./adapter.ts";
import { makeArray } from "./make-array.ts";
import type { CastingOptions, LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { readTensors } from "./read-tensors.ts";
import { reportOverflow } from "./reads-of.ts";
import { type Readable, type TensorRead, totalBytes } from "./tensor-read.ts";

/**
 * Reads tensors, in the order of their files and offsets, and gives what is made of each to `put`, by default into
 * its `value`. When anything fails, the arrays that were made are disposed of.
 *
 * @param convert Makes another leaf of a tensor than the adapter's array; `undefined` leaves it to the adapter.
 */
export async function readArrays<A, R extends Readable>(
  reads: readonly R[],
  options: LongCallOptions & CastingOptions,
  adapter: ArrayAdapter<A> | undefined,
  convert?: (read: R, tensor: Tensor) => unknown,
  put: Put = putValue,
): Promise<void> {
  const { signal } = options;
  const progress = new ProgressCounter(totalBytes(reads), options.onProgress);
  const kept = adapter === undefined;
  const made: unknown[] = [];
  try {
    for await (const { members, tensors } of readTensors(reads, { signal, progress, kept })) {
      if (kept && convert === undefined) {
        keep(members, tensors, options, put);
        continue;
      }
      for (let k = 0; k < members.length; k++) {
        const read = members[k]!;
        reportOverflow(read, options);
        const leaf = convert?.(read, tensors[k]!) ?? makeArray(adapter, tensors[k]!, read.name);
        const array = leaf instanceof Promise ? await abortable(leaf, signal) : leaf;
        if (!kept) made.push(array);
        put(read, array);
      }
      signal?.throwIfAborted();
    }
  } catch (error) {
    if (adapter?.dispose) {
      for (const array of made) if (adapter.is(array)) adapter.dispose(array);
    }
    throw error;
  }
  progress.finish(reads.at(-1)?.name ?? "");
}

type Put = (read: Readable, array: unknown) => void;

function putValue(read: Readable, array: unknown): void {
  (read as TensorRead).value = array;
}

// On its own: V8 compiles a loop within an async function anew for each call.
function keep(
  members: readonly Readable[],
  tensors: readonly Tensor[],
  options: CastingOptions,
  put: Put,
): void {
  members.forEach((read, k) => {
    reportOverflow(read, options);
    put(read, tensors[k]);
  });
}
