/** What is to be read of a call's tensors: their casts, their memory, and what becomes of values that overflow. */
import { invalidArgument, requireChoice } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { type Dtype, requireDtype } from "../tensor/dtypes.ts";
import { Overflow } from "../tensor/overflow.ts";
import type { ArrayInfo } from "./adapter.ts";
import { compareInFile, type FileTensor } from "./file-part.ts";
import { type Cast, type CastingOptions, type ReadTensorsOptions, warn } from "./options.ts";
import { refuseSharedMemory, targetTensor } from "./target.ts";
import { type Readable, TensorRead } from "./tensor-read.ts";

/** The reads of tensors under a call's options, in the order of their data. */
export function readsOf(tensors: readonly FileTensor[], options: ReadsOptions): TensorRead[] {
  return planReading(
    tensors.map((tensor) => new TensorRead(tensor)),
    options,
  );
}

type ReadsOptions = CastingOptions & Pick<ReadTensorsOptions, "into">;

/**
 * Says of each read how to read it, and puts them in the order of their data.
 *
 * @param isScalar Whether a tensor is a scalar of JavaScript, which is neither cast nor read into given memory.
 */
export function planReading<R extends TensorRead>(
  reads: R[],
  options: ReadsOptions,
  isScalar: (read: R) => boolean = () => false,
): R[] {
  const { cast, lossy, into } = options;
  if (into !== undefined && typeof into !== "function") throw invalidArgument("into", "a function", into);
  if (cast !== undefined || into !== undefined) {
    for (const read of reads) {
      if (isScalar(read)) continue;
      const { name, tensor } = read;
      const to = chooseCast(cast, name, tensor);
      const overflow = overflowOf(tensor.dtype, to, options);
      read.as = { cast: to, lossy, into: into?.(name, tensor) ?? undefined, overflow };
    }
    if (into !== undefined) checkMemory(reads);
  }
  if (!reads.every((read, i) => i === 0 || compareInFile(reads[i - 1]!, read) <= 0)) {
    reads.sort(compareInFile);
  }
  return reads;
}

/** The dtype that a tensor is to be converted to, if any. */
export function chooseCast(cast: Cast | undefined, name: string, info: ArrayInfo): Dtype | undefined {
  if (cast === undefined) return undefined;
  if (cast === null || !["string", "object", "function"].includes(typeof cast)) {
    throw invalidArgument("cast", "a dtype, an object of dtypes, or a function", cast);
  }
  if (typeof cast === "object") for (const from of Object.keys(cast)) requireDtype(from as Dtype);
  const chosen =
    typeof cast === "function" ? cast(name, info) : typeof cast === "object" ? cast[info.dtype] : cast;
  return chosen === undefined ? undefined : requireDtype(chosen);
}

// Memory that doesn't fit is refused before anything is read.
function checkMemory(reads: readonly TensorRead[]): void {
  for (const { name, dtype, shape, as } of reads) {
    if (as.into !== undefined) targetTensor(name, as.cast ?? dtype, shape, as.into);
  }
  refuseSharedMemory(reads);
}

/** What counts the finite values that a cast makes infinity or NaN, where anybody wants to know. */
export function overflowOf(
  from: Dtype,
  to: Dtype | undefined,
  options: CastingOptions,
): Overflow | undefined {
  const { overflow = "warn" } = options;
  requireChoice("overflow", overflow, ["warn", "error", "ignore"]);
  return to === undefined || to === from || overflow === "ignore" ? undefined : new Overflow();
}

/** Warns, or throws, when a cast made finite values of a tensor infinity or NaN. */
export function reportOverflow(
  { name, dtype, as }: Pick<Readable, "name" | "dtype" | "as">,
  options: CastingOptions,
): void {
  if (as?.overflow === undefined || as.overflow.count === 0) return;
  const { count, largest } = as.overflow;
  const values = count === 1 ? "1 finite value" : `${count} finite values`;
  const error = new Pytree2SafetensorsError(
    "LossyConversion",
    `tensor ${quote(name)}: ${values} of ${dtype} became infinity or NaN in ${as.cast}, the largest ${largest}; cast it to a dtype with more range`,
    { tensor: name, expected: `values of ${as.cast}`, found: String(largest), overflowed: count },
  );
  if (options.overflow === "error") throw error;
  warn(options, error);
}
