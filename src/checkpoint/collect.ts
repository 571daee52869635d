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
 * @returns What was made, by name.
 */
export async function collect<A>(
  file: SafetensorsFile,
  names: readonly string[],
  options: ReadTensorsOptions,
  adapter: ArrayAdapter<A> | undefined,
  convert?: (name: string, tensor: Tensor) => unknown,
): Promise<Map<string, unknown>> {
  const made = new Map<string, unknown>();
  const reads = file.plan(names, options);
  const progress = new ProgressCounter(totalBytes(reads), options.onProgress);
  try {
    for await (const results of readTensors(reads, { signal: options.signal, progress })) {
      for (const { index, tensor } of results) {
        const { name } = reads[index]!;
        const leaf = convert?.(name, tensor) ?? makeArray(adapter, tensor, name);
        made.set(name, leaf instanceof Promise ? await leaf : leaf);
      }
      options.signal?.throwIfAborted();
    }
  } catch (error) {
    if (adapter?.dispose) {
      for (const array of made.values()) if (adapter.is(array)) adapter.dispose(array);
    }
    throw error;
  }
  progress.finish(reads.at(-1)?.name ?? "");
  return made;
}
