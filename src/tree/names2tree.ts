/** The tree that the names of a file's tensors make, with its structure metadata. The inverse is `tree2names`. */
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { Twig } from "./build/branch.ts";
import { type BuildLimits, nameOf, type Tensorlike, TreeBuilder } from "./build/builder.ts";
import { Maker } from "./build/make-tree.ts";
import { prune } from "./build/prune.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { parseKeyString } from "./keys/keystring.ts";
import { KEY_STYLES, type KeyStyle, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";
import type { AttributesAs } from "./kinds/attrs.ts";
import { MAX_DEPTH } from "./limits.ts";
import { type ApplyOptions, applyRecords } from "./structure/apply.ts";
import { parseStructure, type ScalarKind } from "./structure/read.ts";

export type { ScalarKind } from "./structure/read.ts";

/** Options of {@link names2tree}. */
export interface Names2TreeOptions<R> extends BuildLimits, KeyStyleOption, ApplyOptions<R> {
  /** The structure metadata of the file, if it has any. */
  readonly structure?: string | undefined;
  /** What attribute nodes become: `"container"`, a `PyTreeContainer`, by default. */
  readonly attributes?: AttributesAs | undefined;
  /** Which tensors the tree is to have; containers of others alone vanish. */
  readonly include?: ((tensor: R) => boolean) | undefined;
}

/** The tree of a file before there are leaves. */
export interface PlannedTree<R> {
  /** The tensors that the tree has. */
  readonly tensors: readonly R[];
  /** Which of them are JavaScript scalars. */
  readonly scalars: ReadonlyMap<R, ScalarKind>;
  /** The key path of every tensor of the file, in the order given. */
  paths(): readonly KeyPath[];
  /** Makes the tree, with the leaf of each tensor. */
  build(leafOf: (tensor: R) => unknown): unknown;
}

/**
 * Plans the tree of a file from its tensors, which may be any objects with names or names alone, and its structure
 * metadata.
 *
 * @throws `KeyConflict`, `GapLimit`, `DepthLimit`, `InvalidKeyString` where the names make no tree; under `mode: "require"`
 * `StructureMismatch` or `InvalidStructure`.
 */
export function names2tree<R extends Tensorlike>(
  tensors: readonly R[],
  options: Names2TreeOptions<R> = {},
): PlannedTree<R> {
  const { structure, mode = "auto" } = options;
  if (mode === "ignore") return fromNames(tensors, options);
  if (structure === undefined) {
    if (mode === "auto") return fromNames(tensors, options);
    throw new Pytree2SafetensorsError("StructureMismatch", "the file has no structure metadata", {
      expected: "structure metadata",
    });
  }
  try {
    return fromStructure(tensors, structure, options);
  } catch (error) {
    const failure = explain(error);
    if (mode === "require") throw failure;
    options.onWarning?.(failure);
    return fromNames(tensors, options);
  }
}

/** Why structure metadata can't be used; errors that are not ours go through. */
function explain(error: unknown): Pytree2SafetensorsError {
  if (!isPytree2SafetensorsError(error)) throw error;
  if (error.code === "InvalidStructure" || error.code === "StructureMismatch") return error;
  return new Pytree2SafetensorsError(
    "StructureMismatch",
    `structure metadata and tensors make no tree: ${error.message}`,
    { cause: error },
  );
}

function fromNames<R extends Tensorlike>(
  tensors: readonly R[],
  options: Names2TreeOptions<R>,
): PlannedTree<R> {
  const { include, attributes = "container", keys = "pytree", maxDepth = MAX_DEPTH } = options;
  const style = keyStyle(keys);
  const paths = style === KEY_STYLES.pytree ? undefined : style.decode(tensors.map(nameOf));
  const builder = new TreeBuilder<R>(tensors.length, options);
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i]!;
    if (include !== undefined && !include(tensor)) continue;
    if (paths === undefined) builder.addName(tensor);
    else builder.addPath(tensor, paths[i]!);
  }
  builder.checkGaps();
  return {
    tensors: include === undefined ? tensors : tensors.filter(include),
    scalars: new Map(),
    paths: () => paths ?? tensors.map((tensor) => parseKeyString(nameOf(tensor), maxDepth)),
    build: (leafOf) => makeRoot(builder.root, leafOf, attributes),
  };
}

function fromStructure<R extends Tensorlike>(
  tensors: readonly R[],
  text: string,
  options: Names2TreeOptions<R>,
): PlannedTree<R> {
  const { include, attributes = "container", maxDepth = MAX_DEPTH } = options;
  const structure = parseStructure(text, maxDepth);
  const names = tensors.map(nameOf);
  const paths = pathsOf(names, structure.leaves, styleOf(structure.keys, options));
  const builder = new TreeBuilder<R>(tensors.length, options);
  tensors.forEach((tensor, i) => {
    const path = paths[i];
    if (path === undefined) builder.addName(tensor);
    else builder.addPath(tensor, path);
  });
  const scalars = applyRecords(builder, structure.nodes, options);
  builder.checkGaps();
  const root = include === undefined ? builder.root : prune(builder.root, include);
  return {
    tensors: include === undefined ? tensors : tensors.filter(include),
    scalars: include === undefined ? scalars : new Map([...scalars].filter(([tensor]) => include(tensor))),
    paths: () => names.map((name, i) => paths[i] ?? parseKeyString(name, maxDepth)),
    build: (leafOf) => makeRoot(root, leafOf, attributes),
  };
}

/** No tensors at all are `null`. */
function makeRoot<R>(
  root: Twig<R> | undefined,
  leafOf: (tensor: R) => unknown,
  attributes: AttributesAs,
): unknown {
  return root === undefined ? null : new Maker(leafOf, attributes).make(root);
}

/** The style that the names are spelled in. */
function styleOf(name: string | undefined, { keys = "pytree" }: KeyStyleOption): KeyStyle {
  const given = keyStyle(keys);
  if (name === undefined) return KEY_STYLES.pytree;
  return given.name === name ? given : keyStyle(name as never);
}

/** The paths of names where they are not what `string2keypath` gives. */
function pathsOf(
  names: readonly string[],
  known: ReadonlyMap<string, KeyPath>,
  style: KeyStyle,
): readonly (KeyPath | undefined)[] {
  const paths = names.map((name) => known.get(name));
  if (known.size > 0) {
    const present = new Set(names);
    for (const name of known.keys()) {
      if (present.has(name)) continue;
      throw new Pytree2SafetensorsError(
        "StructureMismatch",
        `structure metadata has a tensor ${quote(name)} that is missing from the file`,
        { tensor: name },
      );
    }
  }
  if (style === KEY_STYLES.pytree) return paths;
  const decoded = style.decode(names.filter((name) => !known.has(name)));
  let next = 0;
  return paths.map((path) => path ?? decoded[next++]);
}
