/** Loads a file into a template. */
import { requireOptions } from "../base/arguments.ts";
import { keepShape } from "../base/keep-shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { guessKeyStyle } from "../tree/keys/guess.ts";
import type { ReadKeyStyleOption } from "../tree/keys/keystyles.ts";
import type { FileTensor } from "./file-part.ts";
import { type CheckpointSource, openToRead } from "./open.ts";
import type { OpenOptions, ReadTensorsOptions } from "./options.ts";
import { isPlainKind, toPlainKind } from "./plain-kind.ts";
import { readArrays } from "./read-arrays.ts";
import { planReading } from "./reads-of.ts";
import { selectTensors } from "./select.ts";
import { TensorRead } from "./tensor-read.ts";
import { pairWeights, type SetWeightsOptions, type WeightsReport } from "./weights-report.ts";

/** Options of {@link loadIntoPytree}. */
export interface LoadIntoPytreeOptions<A = Tensor>
  extends Omit<SetWeightsOptions<A>, "keys">,
    Omit<ReadTensorsOptions, "into" | "aliases">,
    ReadKeyStyleOption,
    OpenOptions {}

/** A tensor that replaces a leaf of a template. */
class WeightRead extends TensorRead {
  /** The leaf that it replaces. */
  leaf: unknown;
}

/**
 * Loads a file into a tree like `module`. Only tensors that match a leaf of the template are read. See
 * {@link setWeights} for what happens to each leaf.
 *
 * @throws Everything that {@link setWeights} throws, before data is read if possible; errors of the format, such as
 *   `HeaderTooSmall`; errors of the source, such as `IoError` or `HttpError`.
 * @example
 * ```ts
 * const model = await loadIntoPytree(initModel(), "model.safetensors", { strict: true });
 * ```
 */
export async function loadIntoPytree<T, A = Tensor>(
  module: T,
  source: CheckpointSource,
  options: LoadIntoPytreeOptions<A> = {},
): Promise<T> {
  requireOptions(options);
  const { file, onProgress } = await openToRead(source, options);
  try {
    const tensors =
      options.select === undefined ? file.present : selectTensors(file, options.select, options.keys);
    const weights = tensors.map((tensor) => new WeightRead(tensor));
    const onReport = (report: WeightsReport) => {
      options.onReport?.(report);
      file.requireNone(report.missing.filter((name) => file.missing.has(name)));
    };
    const keys = options.keys === "auto" ? guessKeyStyle(file.names) : options.keys;
    const reporting = { ...options, keys, onReport } as SetWeightsOptions<unknown>;
    const { leaves, met, rebuild } = pairWeights(module, weights, reporting, file.aliases);
    const used = new Set<WeightRead>();
    const reads = leaves.map(({ leaf }, i) => {
      const tensor = met[i];
      if (tensor === undefined) return undefined;
      // A tied tensor meets a leaf for each of its names.
      const read = used.has(tensor) ? new WeightRead(tensor.tensor) : tensor;
      read.leaf = leaf;
      used.add(read);
      return read;
    });
    await readArrays(
      planReading([...used], options),
      { ...options, onProgress },
      options.arrays,
      ({ leaf, name }, tensor) => (isPlainKind(leaf) ? toPlainKind(leaf, tensor, name) : undefined),
    );
    return rebuild(leaves.map(({ leaf }, i) => (reads[i] === undefined ? leaf : reads[i].value))) as T;
  } finally {
    if (file !== source) await file.close();
  }
}

keepShape(new WeightRead({} as FileTensor));
