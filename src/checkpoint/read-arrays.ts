/** Reads tensors and makes arrays of them as they come, so that a tensor's memory is free once its array is made. */
import { abortable } from "../io/abort.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter } from "./adapter.ts";
import { makeArray } from "./make-array.ts";
import type { CastingOptions, LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { readTensors, type TensorRead, totalBytes } from "./read-tensors.ts";
import { reportOverflow } from "./reads-of.ts";

/**
 * Reads tensors, in the order of their files and offsets, and puts what is made of each into its `value`. When
 * anything fails, the arrays that were made are disposed of.
 *
 * @param convert Makes another leaf of a tensor than the adapter's array; `undefined` leaves it to the adapter.
 */
export async function readArrays<A, R extends TensorRead>(
  reads: readonly R[],
  options: LongCallOptions & CastingOptions,
  adapter: ArrayAdapter<A> | undefined,
  convert?: (read: R, tensor: Tensor) => unknown,
): Promise<void> {
  const { signal } = options;
  const progress = new ProgressCounter(totalBytes(reads), options.onProgress);
  const kept = adapter === undefined;
  try {
    for await (const { members, tensors } of readTensors(reads, { signal, progress, kept })) {
      if (kept && convert === undefined) {
        keep(members, tensors, options);
        continue;
      }
      for (let k = 0; k < members.length; k++) {
        const read = members[k] as R;
        reportOverflow(read, options);
        const leaf = convert?.(read, tensors[k]!) ?? makeArray(adapter, tensors[k]!, read.name);
        read.value = leaf instanceof Promise ? await abortable(leaf, signal) : leaf;
      }
      signal?.throwIfAborted();
    }
  } catch (error) {
    if (adapter?.dispose) {
      for (const { value } of reads) if (adapter.is(value)) adapter.dispose(value);
    }
    throw error;
  }
  progress.finish(reads.at(-1)?.name ?? "");
}

// On its own: V8 compiles a loop within an async function anew for each call.
function keep(members: readonly TensorRead[], tensors: readonly Tensor[], options: CastingOptions): void {
  for (let k = 0; k < members.length; k++) {
    reportOverflow(members[k]!, options);
    members[k]!.value = tensors[k];
  }
}
