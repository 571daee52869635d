/** The tree that the names of a file's tensors make, with its structure metadata. The inverse is `tree2names`. */
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { nameOf, type Tensorlike, TreeBuilder } from "./build/builder.ts";
import { type MakeOptions, Maker } from "./build/make-tree.ts";
import { prune } from "./build/prune.ts";
import { guessKeyStyle } from "./keys/guess.ts";
import type { KeyPath } from "./keys/keypath.ts";
import {
  KEY_STYLES,
  type KeyStyle,
  keyStyle,
  type ReadKeyStyleOption,
  readKeyStyle,
  readPaths,
} from "./keys/keystyles.ts";
import { type BuildLimits, MAX_DEPTH } from "./limits.ts";
import { type ApplyOptions, applyRecords } from "./structure/apply.ts";
import { parseStructure, type ScalarKind, type Structure } from "./structure/read.ts";

/** Options of {@link names2tree}. */
export interface Names2TreeOptions<R> extends BuildLimits, ReadKeyStyleOption, MakeOptions, ApplyOptions<R> {
  /** The structure metadata of the file, if it has any. */
  readonly structure?: string | undefined;
  /** Which tensors the tree is to have; containers of others alone vanish. */
  readonly include?: ((tensor: R) => boolean) | undefined;
  /** Whether the file says that PyTorch wrote it: then names with dots are no attributes. */
  readonly isTorch?: boolean | undefined;
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
  if (mode === "require" && structure === undefined) {
    throw new Pytree2SafetensorsError("StructureMismatch", "the file has no structure metadata", {
      expected: "structure metadata",
    });
  }
  if (mode !== "ignore" && structure !== undefined) {
    try {
      return planTree(tensors, parseStructure(structure, options.maxDepth ?? MAX_DEPTH), options);
    } catch (error) {
      const failure = explain(error);
      if (mode === "require") throw failure;
      options.onWarning?.(failure);
    }
  }
  return planTree(tensors, undefined, options);
}

/** Why structure metadata can't be used; errors that are not ours go through. */
function explain(error: unknown): Pytree2SafetensorsError {
  if (!isPytree2SafetensorsError(error)) throw error;
  if (error.code === "InvalidStructure" || error.code === "StructureMismatch") return error;
  const message = `the structure metadata and the tensors don't make a tree: ${error.message}`;
  return new Pytree2SafetensorsError("StructureMismatch", message, { cause: error });
}

function planTree<R extends Tensorlike>(
  tensors: readonly R[],
  structure: Structure | undefined,
  options: Names2TreeOptions<R>,
): PlannedTree<R> {
  const { include } = options;
  const names = tensors.map(nameOf);
  const included = include === undefined ? tensors : tensors.filter(include);
  const known: ReadonlyMap<string, KeyPath> = structure?.leaves ?? new Map();
  if (structure === undefined && options.keys === undefined) warnOfStyle(names, options);
  const style =
    structure === undefined ? readKeyStyle(options.keys, names) : styleOf(structure.keys, options);
  requireNames(names, known);
  const spelled = known.size === 0 ? names : names.filter((name) => !known.has(name));
  const read = readPaths(style, spelled, options);
  const pathOf = (name: string): KeyPath => known.get(name) ?? read(name);
  const builder = new TreeBuilder<R>(tensors.length, options);
  // Structure metadata describes the whole tree, whatever part of it is wanted.
  for (const tensor of structure === undefined ? included : tensors) {
    // An empty map is not asked: it would hash each name.
    const path = known.size === 0 ? undefined : known.get(nameOf(tensor));
    if (path === undefined && style === KEY_STYLES.pytree) builder.addName(tensor);
    else builder.addPath(tensor, path ?? read(nameOf(tensor)));
  }
  const scalars = applyRecords(builder, structure?.nodes ?? [], options);
  builder.checkGaps();
  const isPart = structure !== undefined && include !== undefined;
  const root = isPart ? prune(builder.root, include) : builder.root;
  return {
    tensors: included,
    scalars: isPart ? new Map([...scalars].filter(([tensor]) => include(tensor))) : scalars,
    paths: () => names.map(pathOf),
    // No tensors at all are `null`.
    build: (leafOf) => (root === undefined ? null : new Maker(leafOf, options).make(root)),
  };
}

/** The style that the names are spelled in, as the structure metadata says. */
function styleOf(name: string | undefined, { keys }: ReadKeyStyleOption): KeyStyle {
  if (name === undefined) return KEY_STYLES.pytree;
  return typeof keys === "object" && keys.name === name ? keyStyle(keys) : keyStyle(name);
}

/** Throws `StructureMismatch` where the structure metadata speaks of a tensor that the file lacks. */
function requireNames(names: readonly string[], known: ReadonlyMap<string, KeyPath>): void {
  if (known.size === 0) return;
  const present = new Set(names);
  for (const name of known.keys()) {
    if (present.has(name)) continue;
    const message = `the structure metadata lists the tensor ${quote(name)}, which is missing from the file`;
    throw new Pytree2SafetensorsError("StructureMismatch", message, { tensor: name });
  }
}

/** Says once that names which are read as key strings look like those of another style. */
function warnOfStyle(
  names: readonly string[],
  { isTorch, onWarning }: Pick<Names2TreeOptions<never>, "isTorch" | "onWarning">,
): void {
  if (onWarning === undefined) return;
  const guess = guessKeyStyle(names);
  if (guess === "pytree") return;
  // Names with dots alone may well be attributes; list indices between them (`layers.0.weight`) are not.
  const isForeign = guess !== "dotted" || isTorch;
  const name = isForeign ? names[0] : names.find((one) => /(^|\.)\d+(\.|$)/.test(one));
  if (name === undefined) return;
  const message = `the names look like ${WRITERS[guess]}, such as ${quote(name)}, but are read as key strings of this package: pass { keys: "${guess}" } to read them as lists and dicts, or { keys: "pytree" } to hide this warning`;
  onWarning(new Pytree2SafetensorsError("InvalidKeyString", message, { tensor: name, found: guess }));
}

const WRITERS = { dotted: "PyTorch's", slash: "Flax's", keystr: "JAX's key paths" } as const;
