/** Equality of tensors in tests: their data is no own property, so `toEqual` alone would compare dtype and shape only. */
import { expect } from "vitest";
import { Tensor } from "../src/tensor/tensor.ts";

const ADDED = Symbol.for("pytree2safetensors tests: equality of tensors");

function equalTensors(this: { equals(a: unknown, b: unknown): boolean }, a: unknown, b: unknown) {
  if (!(a instanceof Tensor) || !(b instanceof Tensor)) return undefined;
  return this.equals([a.dtype, a.shape, a.data], [b.dtype, b.shape, b.data]);
}

// Once a process, which runs many files.
const known = globalThis as { [ADDED]?: boolean };
if (!known[ADDED]) expect.addEqualityTesters([equalTensors]);
known[ADDED] = true;
