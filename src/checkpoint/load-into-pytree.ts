/** Loads a file into a template. */
import { requireOptions } from "../base/arguments.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type CheckpointSource, openSafetensors } from "./open.ts";
import type { OpenOptions, ReadTensorsOptions } from "./options.ts";
import { isPlainKind, toPlainKind } from "./plain-kind.ts";
import { readArrays } from "./read-arrays.ts";
import { TensorRead } from "./read-tensors.ts";
import { planReading } from "./reads-of.ts";
import { selectTensors } from "./select.ts";
import { pairWeights, type SetWeightsOptions } from "./weights-report.ts";

/** Options of {@link loadIntoPytree}. */
export interface LoadIntoPytreeOptions<A = Tensor>
  extends SetWeightsOptions<A>,
    Omit<ReadTensorsOptions, "into">,
    OpenOptions {}

/** A tensor that replaces a leaf of a template. */
class WeightRead extends TensorRead {
  /** The leaf that it replaces. */
  leaf: unknown;
}

/**
 * Loads a file's tensors into a tree like `module`: only those that the template has a leaf for are read. See
 * {@link setWeights} for what becomes of each leaf.
 *
 * @throws What {@link setWeights} throws, before data is read if possible; every error of the format; what the
 *   source throws.
 * @example
 * ```ts
 * const model = await loadIntoPytree(init(), "model.safetensors", { strict: true });
 * ```
 */
export async function loadIntoPytree<T, A = Tensor>(
  module: T,
  source: CheckpointSource,
  options: LoadIntoPytreeOptions<A> = {},
): Promise<T> {
  requireOptions(options);
  const file = await openSafetensors(source, options);
  try {
    const tensors =
      options.select === undefined ? file.present : selectTensors(file, options.select, options.keys);
    const weights = tensors.map((tensor) => new WeightRead(tensor));
    const { pairs, rebuild } = pairWeights(module, weights, ({ tensor }) => tensor, {
      ...options,
      onReport: (report) => {
        options.onReport?.(report);
        file.requireNone(report.missing.filter((name) => file.missing.has(name)));
      },
    } as SetWeightsOptions<unknown>);
    const used: WeightRead[] = [];
    for (const { leaf, tensor } of pairs) {
      if (tensor === undefined) continue;
      tensor.leaf = leaf;
      used.push(tensor);
    }
    await readArrays(planReading(used, options), options, options.arrays, ({ leaf, name }, tensor) =>
      isPlainKind(leaf) ? toPlainKind(leaf, tensor, name) : undefined,
    );
    return rebuild(pairs.map(({ leaf, tensor }) => (tensor === undefined ? leaf : tensor.value))) as T;
  } finally {
    if (file !== source) await file.close();
  }
}
