/** The nodes that trees are shown by. */
import { sizeOf } from "../values/size.ts";

/** What a node of a tree is; `none` and `static` have no tensor, `scalar` is a tensor that loads as a number. */
export type NodeKind = "list" | "dict" | "map" | "object" | "names" | "tensor" | "scalar" | "none" | "static";

/** A node of a file's pytree with what lies below it added up. */
export interface TreeNode {
  /** The step from its parent as names spell it: `#0`, `.weight`; empty for the root. */
  readonly label: string;
  readonly kind: NodeKind;
  /** The tensor's name, or the beginning that all names below have in common. */
  readonly name: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** What a scalar or a static value is. */
  readonly value?: unknown;
  readonly children: readonly TreeNode[];
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** The node of a tensor. */
export function tensorNode(
  label: string,
  name: string,
  {
    dtype,
    shape,
    byteLength,
  }: { readonly dtype: string; readonly shape: readonly number[]; readonly byteLength: number },
  parameters = sizeOf(shape),
): TreeNode {
  return {
    label,
    kind: "tensor",
    name,
    dtype,
    shape,
    children: [],
    tensors: 1,
    parameters,
    bytes: byteLength,
  };
}

/** A container's node, with all below it added up. */
export function sum(
  node: Pick<TreeNode, "label" | "kind" | "name"> & { readonly value?: unknown },
  children: readonly TreeNode[],
): TreeNode {
  let [tensors, parameters, bytes] = [0, 0, 0];
  for (const child of children) {
    tensors += child.tensors;
    parameters += child.parameters;
    bytes += child.bytes;
  }
  return { ...node, children, tensors, parameters, bytes };
}
