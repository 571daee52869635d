// Conversions to a dtype that a framework has, for dtypes that it lacks.
import { type Dtype, isPytree2SafetensorsError, Pytree2SafetensorsError, type Tensor } from "../index.ts";

/** Where each dtype that a framework lacks goes. */
export type Conversions = Readonly<Partial<Record<Dtype, Dtype>>>;

/**
 * The tensor in the dtype that `conversions` has for its own, with every value as it is.
 *
 * @throws `UnsupportedDtype` for a dtype without a conversion; `LossyConversion` if a value would change.
 */
export function convertFor(framework: string, tensor: Tensor, conversions: Conversions): Tensor {
  const { dtype } = tensor;
  const target = conversions[dtype];
  if (target === undefined) {
    throw new Pytree2SafetensorsError(
      "UnsupportedDtype",
      `${framework} has no dtype for ${dtype}; load this tensor with the functions of "pytree2safetensors", or leave it out with { select }`,
      { found: dtype },
    );
  }
  try {
    return tensor.cast(target, { exact: true });
  } catch (cause) {
    if (!isPytree2SafetensorsError(cause) || cause.code !== "LossyConversion") throw cause;
    const { message, expected, found } = cause;
    throw new Pytree2SafetensorsError(
      "LossyConversion",
      `${message}; ${framework} has no ${dtype}: pass { cast: { ${dtype}: "${target}" }, lossy: true } to accept the loss`,
      { ...(expected !== undefined && { expected }), ...(found !== undefined && { found }), cause },
    );
  }
}
