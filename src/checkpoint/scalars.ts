/** Tensors that are numbers, bigints or booleans of JavaScript: what structure metadata says they are. */
import type { Tensor } from "../tensor/tensor.ts";
import type { ScalarKind } from "../tree/structure/read.ts";
import type { ArrayInfo } from "./adapter.ts";

/** Whether a tensor can be the scalar that the structure metadata says it is. */
export function fitsScalar({ dtype, shape }: ArrayInfo, kind: ScalarKind): boolean {
  if (shape.length > 0) return false;
  if (kind === "number") return dtype === "F64";
  return kind === "boolean" ? dtype === "BOOL" : dtype === "I64" || dtype === "U64";
}

/** The scalar that a tensor holds. */
export function toScalar(tensor: Tensor): number | bigint | boolean {
  return tensor.item() as number | bigint | boolean;
}
