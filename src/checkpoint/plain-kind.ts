/** Leaves that JavaScript has by itself, and how a tensor becomes one of them. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { dtypeOfTypedArray } from "../tensor/typed-array.ts";

/** A leaf that JavaScript has by itself. */
export type PlainKind = number | bigint | boolean | ArrayBufferView;

/** Whether a leaf is a scalar or a typed array, so that what replaces it must be one too. */
export function isPlainKind(leaf: unknown): leaf is PlainKind {
  const type = typeof leaf;
  return (
    type === "number" || type === "bigint" || type === "boolean" || dtypeOfTypedArray(leaf) !== undefined
  );
}

/**
 * The tensor's values as a leaf of the kind that `leaf` is.
 *
 * @throws `LossyConversion` where that kind can't hold a value.
 */
export function toPlainKind(leaf: PlainKind, tensor: Tensor, name: string): PlainKind {
  const lost = (what: string, cause?: unknown) =>
    new Pytree2SafetensorsError(
      "LossyConversion",
      `tensor ${quote(name)}: ${tensor} can't become the template's ${what} without loss; give the template a tensor there`,
      { tensor: name, expected: what, found: String(tensor), cause },
    );
  if (typeof leaf === "object") {
    const TypedArray = leaf.constructor as new (
      buffer: ArrayBufferLike,
      offset: number,
      length: number,
    ) => PlainKind;
    const dtype = dtypeOfTypedArray(leaf)!;
    try {
      const { buffer, byteOffset, length } = tensor.cast(dtype, { exact: true }).data;
      return new TypedArray(buffer, byteOffset, length);
    } catch (cause) {
      throw lost(TypedArray.name, cause);
    }
  }
  if (tensor.size !== 1) throw lost(typeof leaf);
  const value = tensor.item();
  if (typeof value === "object") throw lost(typeof leaf);
  switch (typeof leaf) {
    case "boolean":
      if (Number(value) === 0 || Number(value) === 1) return Boolean(value);
      throw lost("boolean");
    case "bigint":
      if (typeof value !== "number" || Number.isInteger(value)) return BigInt(value);
      throw lost("bigint");
    default:
      if (typeof value !== "bigint" || BigInt(Number(value)) === value) return Number(value);
      throw lost("number");
  }
}
