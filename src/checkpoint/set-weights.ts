/** Puts a dict of leaves into a template. */
import { requireDict, requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter, ArrayInfo } from "./adapter.ts";
import { codecOf, describeLeaf, type LeafCodec, unsupportedLeaf } from "./leaf.ts";
import { makeArraySync } from "./make-array.ts";
import { isPlainKind, toPlainKind } from "./plain-kind.ts";
import type { LeafDict } from "./save.ts";
import { pairWeights, type SetWeightsOptions } from "./weights-report.ts";

/** A leaf of the dict. */
interface Weight extends ArrayInfo {
  readonly name: string;
  readonly value: unknown;
  readonly codec: LeafCodec<unknown>;
}

/**
 * Returns a copy of `module` with its leaves replaced by the values of `dict` under the same key strings. Leaves missing
 * from the dict keep their values, and `module` itself doesn't change. Shapes must match. Dtypes come from the dict, but
 * numbers, booleans, bigints and typed arrays keep their kind.
 *
 * @throws `ShapeMismatch` if a shape differs; `WeightsMismatch` if nothing matches, or with `strict` if anything doesn't;
 *   `AmbiguousKey` if a leaf matches several tensors, or a tensor several leaves; `LossyConversion` if a leaf's kind can't
 *   hold a value.
 * @example
 * ```ts
 * const bytes = await readFile("model.safetensors");
 * const trained = setWeights(initModel(), load(bytes), { strict: true });
 * ```
 */
export function setWeights<T, A = Tensor>(
  module: T,
  dict: LeafDict<A>,
  options: SetWeightsOptions<A> = {},
): T {
  requireOptions(options);
  requireDict("the dict of weights", dict);
  const adapter: ArrayAdapter<unknown> | undefined = options.arrays;
  const weights: Weight[] = [];
  for (const name of Object.keys(dict)) {
    const value: unknown = dict[name];
    const codec = codecOf(value, adapter);
    if (codec === undefined) throw unsupportedLeaf(value, { tensor: name }, adapter);
    const { dtype, shape } = describeLeaf(codec, value, name);
    weights.push({ name, value, codec, dtype, shape });
  }
  const { leaves, met, rebuild } = pairWeights(module, weights, options);
  const values = leaves.map(({ leaf }, i) => {
    const weight = met[i];
    return weight === undefined ? leaf : replace(leaf, weight, adapter);
  });
  return rebuild(values) as T;
}

/** What stands for a leaf of the template once it has met its weight. */
function replace(old: unknown, weight: Weight, adapter: ArrayAdapter<unknown> | undefined): unknown {
  const { name, value, codec, dtype, shape } = weight;
  const plain = isPlainKind(old);
  if (!plain && (adapter === undefined || adapter.is(value))) return value;
  if (codec.readSync === undefined) {
    const message = `setWeights() can't wait for ${quote(name)}: ${codec.async}`;
    throw new Pytree2SafetensorsError("AsyncAdapter", message, { tensor: name });
  }
  const { buffer, byteOffset, byteLength } = codec.readSync(value, dtype);
  const tensor = Tensor.fromBuffer(dtype, shape, buffer, byteOffset, byteLength);
  return plain ? toPlainKind(old, tensor, name) : makeArraySync(adapter, tensor, name);
}
