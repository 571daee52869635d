/** Equality of tensors in tests: their data is no own property, so `toEqual` alone would compare dtype and shape only. */
import { expect } from "vitest";
import { Tensor } from "../src/tensor/tensor.ts";

function equalTensors(this: { equals(a: unknown, b: unknown): boolean }, a: unknown, b: unknown) {
  if (!(a instanceof Tensor) || !(b instanceof Tensor)) return undefined;
  return this.equals([a.dtype, a.shape, a.data], [b.dtype, b.shape, b.data]);
}

expect.addEqualityTesters([equalTensors]);
