/** A pytree as a plain tree of nodes, with sums. */
import {
  GetAttrKey,
  isPytree2SafetensorsError,
  type KeyEntry,
  type KeyStyleName,
  keystr,
  LazyTensor,
  loadPytree,
  type SafetensorsFile,
  SequenceKey,
} from "../../index.node.ts";
import { parameterCounter } from "../values/packed.ts";
import { keyText, openContainer } from "./containers.ts";
import { treeOfNames } from "./names.ts";
import { naturalCompare } from "./natural.ts";
import { type NodeKind, sum, type TreeNode, tensorNode } from "./node.ts";

/** How a tree is read from a file. */
export interface TreeOptions {
  readonly style: KeyStyleName;
  /** Takes these tensors only; places that become empty are left out. */
  readonly only?: ((name: string) => boolean) | undefined;
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Reads the pytree of an open file without its data. Names that make no pytree become a tree of names. */
export async function readTree(file: SafetensorsFile, options: TreeOptions): Promise<TreeNode> {
  const { style, onWarning, signal } = options;
  const parametersOf = parameterCounter(file);
  // What an index lists and doesn't have is not read.
  const only = options.only ?? (file.missing.size > 0 ? () => true : undefined);
  const select = only && ((name: string) => only(name));
  try {
    const tree = await loadPytree<unknown>(file, {
      lazy: true,
      keys: style,
      signal,
      onWarning: (error) => onWarning(error.message),
      ...(select && { select }),
    });
    return new Walker(style, options.only !== undefined, parametersOf).visit(tree, "", "");
  } catch (error) {
    if (!isPytree2SafetensorsError(error) || !NO_TREE.has(error.code)) throw error;
    // A tensor with others below its name is common; other reasons are worth a word.
    if (error.code !== "KeyConflict") onWarning(`${error.message}; names are shown as they are`);
    return treeOfNames(file, only ? file.names.filter(only) : file.names, style, parametersOf);
  }
}

/** Codes of errors that say that names make no pytree. */
export const NO_TREE: ReadonlySet<string> = new Set([
  "KeyConflict",
  "InvalidKeyString",
  "GapLimit",
  "DepthLimit",
  "InvalidArgument",
]);

class Walker {
  readonly #style: KeyStyleName;
  readonly #pruned: boolean;
  readonly #parametersOf: (name: string) => number;

  constructor(style: KeyStyleName, pruned: boolean, parametersOf: (name: string) => number) {
    this.#style = style;
    this.#pruned = pruned;
    this.#parametersOf = parametersOf;
  }

  visit(value: unknown, label: string, name: string): TreeNode {
    if (value instanceof LazyTensor)
      return tensorNode(label, value.name, value, this.#parametersOf(value.name));
    const scalar = scalarDtype(value);
    if (scalar !== undefined) return { ...tensorNode(label, name, scalar), kind: "scalar", value };
    const node = { label, name };
    if (value === null || value === undefined) return sum({ ...node, kind: "none" }, []);
    const container = openContainer(value);
    if (container === undefined) return sum({ ...node, kind: "static", value }, []);
    const kind = containerKind(value);
    const entries = [...container.children];
    // JAX sorts keys by text; people look for layer_2 before layer_10.
    if (kind === "dict") entries.sort(([a], [b]) => naturalCompare(keyText(a), keyText(b)));
    const children = entries.map(([key, child]) => {
      const label = this.#spell(key, name === "");
      return this.visit(child, label, this.#join(name, label));
    });
    return sum({ ...node, kind }, this.#pruned ? children.filter((child) => child.tensors > 0) : children);
  }

  #spell(key: KeyEntry, isFirst: boolean): string {
    if (this.#style === "keystr") return keystr([key]);
    const text = keyText(key);
    if (this.#style !== "pytree" || (isFirst && key instanceof GetAttrKey)) return text;
    return (key instanceof GetAttrKey ? "." : key instanceof SequenceKey ? "#" : "@") + text;
  }

  #join(name: string, label: string): string {
    const separator = { pytree: "", keystr: "", dotted: ".", slash: "/" }[this.#style];
    return name === "" ? label : name + separator + label;
  }
}

function containerKind(value: unknown): NodeKind {
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "map";
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? "dict" : "object";
}

function scalarDtype(
  value: unknown,
): { dtype: string; shape: readonly number[]; byteLength: number } | undefined {
  if (typeof value === "number") return { dtype: "F64", shape: [], byteLength: 8 };
  if (typeof value === "boolean") return { dtype: "BOOL", shape: [], byteLength: 1 };
  if (typeof value !== "bigint") return undefined;
  return { dtype: BigInt.asIntN(64, value) === value ? "I64" : "U64", shape: [], byteLength: 8 };
}
