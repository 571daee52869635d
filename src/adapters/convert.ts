// Conversions to a dtype that a framework has, for dtypes that it lacks.
import { type Dtype, isPytree2SafetensorsError, Pytree2SafetensorsError, type Tensor } from "../index.ts";

/** Where each dtype that a framework lacks goes. */
export type Conversions = Readonly<Partial<Record<Dtype, Dtype>>>;

/** Floats that frameworks of 32 bits don't have: the smaller ones widen, F64 narrows if every value survives. */
export const FLOATS: Conversions = {
  F16: "F32",
  BF16: "F32",
  F8_E5M2: "F32",
  F8_E4M3: "F32",
  F8_E8M0: "F32",
  F8_E4M3FNUZ: "F32",
  F8_E5M2FNUZ: "F32",
  F4: "F32",
  F64: "F32",
};

/**
 * The tensor in the dtype that `conversions` has for its own, with every value as it is.
 *
 * @throws `UnsupportedDtype` for a dtype without a conversion; `LossyConversion` if a value would change.
 */
export function convertFor(framework: string, tensor: Tensor, conversions: Conversions): Tensor {
  const { dtype } = tensor;
  const target = conversions[dtype];
  if (target === undefined) {
    const message = `${framework} has no dtype for ${dtype}; load this tensor with the functions of "pytree2safetensors", or leave it out with { select }`;
    throw new Pytree2SafetensorsError("UnsupportedDtype", message, { found: dtype });
  }
  try {
    return tensor.cast(target, { exact: true });
  } catch (cause) {
    if (!isPytree2SafetensorsError(cause) || cause.code !== "LossyConversion") throw cause;
    const { message, expected, found } = cause;
    throw new Pytree2SafetensorsError(
      "LossyConversion",
      `${message}; ${framework} has no ${dtype}: pass { cast: { ${dtype}: "${target}" }, lossy: true } to accept the loss`,
      { expected: expected!, found: found!, cause },
    );
  }
}
