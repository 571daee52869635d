import { abortable } from "../io/abort.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter } from "./adapter.ts";
import { type SafetensorsFile, totalBytes } from "./file.ts";
import { makeArray } from "./make.ts";
import type { ReadTensorsOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { readTensors } from "./read.ts";

/**
 * Reads tensors and makes arrays of them as they come, so that a tensor's memory is free once its array is
 * made. When anything fails, the arrays that were made are disposed of.
 *
 * @param convert Makes the leaf of a tensor; the adapter's array unless told.
 * @returns What was made, in the order of the names.
 */
export async function collect<A>(
  file: SafetensorsFile,
  names: readonly string[],
  options: ReadTensorsOptions,
  adapter: ArrayAdapter<A> | undefined,
  convert?: (name: string, tensor: Tensor) => unknown,
): Promise<unknown[]> {
  const made = new Array<unknown>(names.length);
  const reads = file.plan(names, options);
  const { signal } = options;
  const progress = new ProgressCounter(totalBytes(reads), options.onProgress);
  const kept = adapter === undefined;
  try {
    for await (const { members, tensors } of readTensors(reads, { signal, progress, kept })) {
      for (let k = 0; k < members.length; k++) {
        const { name, place } = members[k]!;
        const leaf = convert?.(name, tensors[k]!) ?? makeArray(adapter, tensors[k]!, name);
        made[place] = leaf instanceof Promise ? await abortable(leaf, signal) : leaf;
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
  return made;
}
