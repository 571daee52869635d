/** Loads the tensors of a file as a flat dict. */
import { requireOptions } from "../base/arguments.ts";
import { setOwn } from "../base/dict.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type CheckpointSource, openToRead } from "./open.ts";
import type { ArraysOption, OpenOptions, ReadTensorsOptions } from "./options.ts";
import { readArrays } from "./read-arrays.ts";
import { readsOf } from "./reads-of.ts";
import { type SelectionKeys, selectTensors } from "./select.ts";

/** Options of {@link loadFile}. */
export interface LoadFileOptions<A = Tensor> extends ArraysOption<A>, ReadTensorsOptions, OpenOptions {
  /** The key style of the names and of `select`: the name of a style, or your own. By default, this package's own style. */
  readonly keys?: SelectionKeys | undefined;
}

/**
 * Reads the tensors of a file: all of them, or those that `select` names.
 *
 * @returns The tensors by name, in the order of their data: a plain object, safe for any name.
 * @throws Errors of the format, such as `HeaderTooSmall` or `InvalidOffset`; errors of the source, such as
 *   `UnsupportedSource`, `IoError` or `HttpError`; `TensorNotFound` if `select` matches nothing; `LossyConversion` if a
 *   `cast` can't keep a value.
 * @example
 * ```ts
 * const tensors = await loadFile("model.safetensors", { select: "layers#0", cast: { BF16: "F32" } });
 * ```
 */
export async function loadFile<A = Tensor>(
  source: CheckpointSource,
  options: LoadFileOptions<A> = {},
): Promise<Record<string, A>> {
  requireOptions(options);
  const { file, onProgress } = await openToRead(source, options);
  try {
    const tensors = selectTensors(file, options.select, options.keys, options.aliases);
    const dict: Record<string, A> = {};
    // Where they are read as they are, an object less for each is a quarter of the time of 50,000 of them.
    await readArrays(
      options.cast === undefined && options.into === undefined ? tensors : readsOf(tensors, options),
      { ...options, onProgress },
      options.arrays,
      undefined,
      ({ name }, array) => setOwn(dict, name, array as A),
    );
    return dict;
  } finally {
    if (file !== source) await file.close();
  }
}
