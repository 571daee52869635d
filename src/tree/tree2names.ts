import { Pytree2SafetensorsError } from "../base/errors.ts";
import { type FlattenOptions, treeFlatten } from "./flatten.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { keystr } from "./keys/keystr.ts";
import { KEY_STYLES, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";
import { leafNames, refuseDuplicates, refuseLeadingEmpty } from "./leaf-names.ts";
import { type RekeyOptions, rekey } from "./rekey.ts";
import { describeStructure } from "./structure/write.ts";
import { leafPath } from "./treedef.ts";

/** Options of {@link flattenForSave}. */
export interface FlattenForSaveOptions extends FlattenOptions, RekeyOptions, KeyStyleOption {
  /** When to write structure metadata; `"auto"`, the default: where the tree would not come back equal without it. */
  readonly structure?: "auto" | "always" | "never" | undefined;
  /** Whether the order of dict keys and attributes counts. */
  readonly ordered?: boolean | undefined;
  /** Says what is an array, and so a leaf before all else. Not asked about primitives. */
  readonly isArray?: ((value: unknown) => boolean) | undefined;
}

/** A tree as a file will have it. */
export interface FlatTree {
  /** The leaves that become tensors, in the tree's order, numbers, bigints and booleans as they are. */
  readonly leaves: readonly { readonly name: string; readonly leaf: unknown }[];
  /** The key path of a leaf, for messages. */
  pathOf(leaf: number): KeyPath;
  /** The structure metadata to write, if any. */
  readonly structure: string | undefined;
}

/** The version of the structure metadata that this package writes, and the only one that it reads. */
export const STRUCTURE_VERSION = 1;

/**
 * Takes a tree apart into named leaves and structure metadata. Leaves that are strings are static: they go
 * into the structure.
 *
 * @throws `DuplicateKey`, `UnsupportedKey`, `KeyConflict`, `CircularTree`, `DepthLimit`; `UnsupportedLeaf` for static data
 * that is no JSON, and for strings under `structure: "never"`.
 */
export function flattenForSave(tree: unknown, options: FlattenForSaveOptions = {}): FlatTree {
  const { structure: mode = "auto", ordered = false, keys = "pytree", maxDepth } = options;
  const style = keyStyle(keys);
  const [leaves, treedef] = treeFlatten(tree, { isLeaf: leafTest(options), maxDepth });
  const def = rekey(treedef, options);
  const { names, odd } = leafNames(def, style);

  const tensors: { name: string; leaf: unknown }[] = [];
  // Which leaf of the tree each tensor is, once they are not the same.
  let places: number[] | undefined;
  for (let i = 0; i < leaves.length; i++) {
    const leaf = leaves[i];
    if (typeof leaf === "string") {
      if (mode === "never") refuseStatic(keystr(leafPath(def, i)));
      places ??= tensors.map((_, place) => place);
    } else {
      places?.push(i);
      tensors.push({ name: names[i]!, leaf });
    }
  }
  const pathOf = (leaf: number): KeyPath => leafPath(def, places?.[leaf] ?? leaf);
  if (odd) {
    if (mode === "never" && style === KEY_STYLES.pytree) refuseLeadingEmpty(def);
    refuseDuplicates(
      tensors.map(({ name }) => name),
      pathOf,
    );
  }
  if (mode === "never") return { leaves: tensors, pathOf, structure: undefined };

  const tensorNames = places === undefined ? names : namesOfTensors(names, leaves);
  const { nodes, leaves: paths, needed } = describeStructure(def, leaves, tensorNames, style, ordered);
  // Names of another style say of themselves too little: the metadata say which style it is.
  if (!needed && mode === "auto" && style === KEY_STYLES.pytree)
    return { leaves: tensors, pathOf, structure: undefined };
  const structure = spellStructure(style === KEY_STYLES.pytree ? undefined : style.name, nodes, paths);
  return { leaves: tensors, pathOf, structure };
}

/** The JSON of structure metadata: sorted, so that equal trees give equal files whatever the order of their keys. */
function spellStructure(keys: string | undefined, nodes: readonly unknown[], leaves: object): string {
  const records = nodes.map((node) => JSON.stringify(node)).sort();
  const paths = Object.entries(leaves).map(
    ([name, path]) => `${JSON.stringify(name)}:${JSON.stringify(path)}`,
  );
  const style = keys === undefined ? "" : `"keys":${JSON.stringify(keys)},`;
  return `{"version":${STRUCTURE_VERSION},${style}"nodes":[${records}],"leaves":{${paths.sort()}}}`;
}

function namesOfTensors(names: readonly string[], leaves: readonly unknown[]): (string | undefined)[] {
  return names.map((name, i) => (typeof leaves[i] === "string" ? undefined : name));
}

/** What is not descended into: arrays first, then what the caller says. */
export function leafTest({
  isArray,
  isLeaf,
}: Pick<FlattenForSaveOptions, "isArray" | "isLeaf">): ((value: unknown) => boolean) | undefined {
  if (isArray === undefined) return isLeaf;
  return (value) =>
    (typeof value === "object" && value !== null && isArray(value)) || (isLeaf?.(value) ?? false);
}

function refuseStatic(keyPath: string): never {
  throw new Pytree2SafetensorsError(
    "UnsupportedLeaf",
    `${keyPath || "the root"} is a string, which only structure metadata can hold: save with structure "auto", or leave it out`,
    { keyPath, found: "a string" },
  );
}
