import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { type BuildLimits, TreeBuilder } from "./build/builder.ts";
import { type AttributesAs, materialize } from "./build/make-tree.ts";
import { prune } from "./build/prune.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { parseKeyString } from "./keys/keystring.ts";
import { KEY_STYLES, type KeyStyle, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";
import { MAX_DEPTH } from "./limits.ts";
import { applyRecords, makeRecorded } from "./structure/apply.ts";
import { parseStructure, type ScalarKind } from "./structure/read.ts";

export type { ScalarKind } from "./structure/read.ts";

/** Options of {@link planTree}. */
export interface PlanTreeOptions extends BuildLimits, KeyStyleOption {
  /** The structure metadata of the file, if it has any. */
  readonly structure?: string | undefined;
  /** `"auto"` uses structure metadata where they fit, `"ignore"` never, `"require"` throws where they don't. */
  readonly mode?: "auto" | "ignore" | "require" | undefined;
  readonly attributes?: AttributesAs | undefined;
  /** Told why structure metadata are not used. */
  readonly onWarning?: ((error: Pytree2SafetensorsError) => void) | undefined;
  /** Whether tensor `index` can be the scalar that the structure metadata say it is. */
  readonly isScalar?: ((index: number, kind: ScalarKind) => boolean) | undefined;
  /** Which tensors the tree is to have; containers of others alone vanish. */
  readonly include?: ((index: number) => boolean) | undefined;
}

/** The tree that a file's names make, before there are leaves. */
export interface TreePlan {
  /** The key path of each name. */
  readonly paths: readonly KeyPath[];
  /** The JavaScript scalar that a tensor is, if it is one. */
  scalarKind(index: number): ScalarKind | undefined;
  /** The tree of the given leaves, by number of the name; those not included may be missing. */
  build(leaves: readonly unknown[]): unknown;
}

/**
 * Plans the tree of a file from the names of its tensors and its structure metadata.
 *
 * @throws `KeyConflict`, `GapLimit`, `DepthLimit`, `InvalidKeyString` where the names make no tree; under `mode: "require"`
 * `StructureMismatch` or `InvalidStructure`.
 */
export function planTree(names: readonly string[], options: PlanTreeOptions = {}): TreePlan {
  const { structure, mode = "auto" } = options;
  if (mode === "ignore") return planFromNames(names, options);
  if (structure === undefined) {
    if (mode === "auto") return planFromNames(names, options);
    throw new Pytree2SafetensorsError("StructureMismatch", "the file has no structure metadata", {
      expected: "structure metadata",
    });
  }
  try {
    return planFromStructure(names, structure, options);
  } catch (error) {
    const failure = explain(error);
    if (mode === "require") throw failure;
    options.onWarning?.(failure);
    return planFromNames(names, options);
  }
}

/** Why structure metadata can't be used; what is no error of ours goes through. */
function explain(error: unknown): Pytree2SafetensorsError {
  if (!isPytree2SafetensorsError(error)) throw error;
  if (error.code === "InvalidStructure" || error.code === "StructureMismatch") return error;
  return new Pytree2SafetensorsError(
    "StructureMismatch",
    `structure metadata and tensors make no tree: ${error.message}`,
    { cause: error },
  );
}

function planFromNames(names: readonly string[], options: PlanTreeOptions): TreePlan {
  const { include, attributes, keys = "pytree", maxDepth = MAX_DEPTH } = options;
  const style = keyStyle(keys);
  const paths = style === KEY_STYLES.pytree ? undefined : style.decode(names);
  const builder = new TreeBuilder(names, options);
  for (let i = 0; i < names.length; i++) {
    if (include !== undefined && !include(i)) continue;
    if (paths === undefined) builder.addName(i);
    else builder.addPath(i, paths[i]!);
  }
  builder.checkGaps();
  return {
    get paths() {
      return paths ?? names.map((name) => parseKeyString(name, maxDepth));
    },
    scalarKind: () => undefined,
    build: (leaves) => materialize(builder.root, (leaf) => leaves[leaf], attributes),
  };
}

function planFromStructure(names: readonly string[], text: string, options: PlanTreeOptions): TreePlan {
  const { include, attributes = "container", maxDepth = MAX_DEPTH } = options;
  const structure = parseStructure(text, maxDepth);
  const paths = pathsOf(names, structure.leaves, styleOf(structure.keys, options));
  const builder = new TreeBuilder(names, options);
  for (let i = 0; i < names.length; i++) {
    const path = paths[i];
    if (path === undefined) builder.addName(i);
    else builder.addPath(i, path);
  }
  const records = applyRecords(builder, structure.nodes, options);
  builder.checkGaps();
  const root = include === undefined ? builder.root : prune(builder.root, include);
  return {
    get paths() {
      return names.map((name, i) => paths[i] ?? parseKeyString(name, maxDepth));
    },
    scalarKind: (index) => records.scalars.get(index),
    build: (leaves) =>
      materialize(
        root,
        (leaf) => leaves[leaf],
        attributes,
        (branch, make) => makeRecorded(branch, make, attributes),
      ),
  };
}

/** The style that the names are spelled in. */
function styleOf(name: string | undefined, { keys = "pytree" }: PlanTreeOptions): KeyStyle {
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
  const places = new Map<string, number>();
  if (known.size > 0) {
    names.forEach((name, i) => {
      if (paths[i] !== undefined) places.set(name, i);
    });
    for (const name of known.keys()) {
      if (!places.has(name)) {
        throw new Pytree2SafetensorsError(
          "StructureMismatch",
          `structure metadata has a tensor ${JSON.stringify(name)} that the file has not`,
          { tensor: name },
        );
      }
    }
  }
  if (style === KEY_STYLES.pytree) return paths;
  const rest = names.filter((name) => !known.has(name));
  const decoded = style.decode(rest);
  let next = 0;
  return paths.map((path) => path ?? decoded[next++]);
}
