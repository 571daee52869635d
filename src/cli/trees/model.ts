/** A pytree as a plain tree of nodes, with sums. */
import {
  isPytree2SafetensorsError,
  type KeyStyleName,
  LazyTensor,
  loadPytree,
  PyTreeContainer,
  type SafetensorsFile,
} from "../../index.node.ts";
import { parameterCounter } from "../values/packed.ts";
import { treeOfNames } from "./names.ts";
import { naturalCompare } from "./natural.ts";
import { sum, type TreeNode, tensorNode } from "./node.ts";

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
    if (Array.isArray(value)) {
      return this.#container(
        { ...node, kind: "list" },
        value.map((child, i) => ["#", i, child] as const),
      );
    }
    if (value instanceof Map) {
      return this.#container(
        { ...node, kind: "map" },
        [...value].map(([key, child]) => ["@", key, child] as const),
      );
    }
    if (typeof value === "object") {
      const isObject = value instanceof PyTreeContainer;
      const mark = isObject ? "." : "@";
      const children = Object.entries(value).map(([key, child]) => [mark, key, child] as const);
      // JAX sorts keys by text; people look for layer_2 before layer_10.
      if (!isObject) children.sort((a, b) => naturalCompare(a[1], b[1]));
      return this.#container({ ...node, kind: isObject ? "object" : "dict" }, children);
    }
    return sum({ ...node, kind: "static", value }, []);
  }

  #container(
    node: Pick<TreeNode, "label" | "kind" | "name">,
    entries: readonly (readonly [mark: string, key: unknown, value: unknown])[],
  ): TreeNode {
    const children = entries.map(([mark, key, value]) => {
      const label = this.#spell(mark, key, node.name === "");
      return this.visit(value, label, this.#join(node.name, label));
    });
    return sum(node, this.#pruned ? children.filter((child) => child.tensors > 0) : children);
  }

  #spell(mark: string, key: unknown, isFirst: boolean): string {
    const text = String(key);
    if (this.#style === "pytree") return mark === "." && isFirst ? text : mark + text;
    if (this.#style === "keystr")
      return mark === "." ? `.${text}` : mark === "#" ? `[${text}]` : `[${JSON.stringify(key)}]`;
    return text;
  }

  #join(name: string, label: string): string {
    const separator = { pytree: "", keystr: "", dotted: ".", slash: "/" }[this.#style];
    return name === "" ? label : name + separator + label;
  }
}

function scalarDtype(
  value: unknown,
): { dtype: string; shape: readonly number[]; byteLength: number } | undefined {
  if (typeof value === "number") return { dtype: "F64", shape: [], byteLength: 8 };
  if (typeof value === "boolean") return { dtype: "BOOL", shape: [], byteLength: 1 };
  if (typeof value !== "bigint") return undefined;
  return { dtype: BigInt.asIntN(64, value) === value ? "I64" : "U64", shape: [], byteLength: 8 };
}
