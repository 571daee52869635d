/** A tree as a file will have it: named leaves and structure metadata. The inverse is `names2tree`. */
import { containerPath } from "./flatten.ts";
import type { KeyPath } from "./keys/keypath.ts";
import { KEY_STYLES, keyStyle } from "./keys/keystyles.ts";
import { type NamingOptions, nameLeaves, refuseDuplicates, refuseLeadingEmpty } from "./leaf-names.ts";
import { type BuildLimits, defaultMaxContainers, MAX_DEPTH, MAX_GAPS } from "./limits.ts";
import { errorAt, tooManyContainers } from "./messages.ts";
import { describeStructure } from "./structure/write.ts";
import type { NamedLeaf } from "./walk.ts";

/** Options of {@link tree2names}. */
export interface Tree2NamesOptions extends NamingOptions, BuildLimits {
  /** When to write structure metadata; `"auto"`, the default: where the tree would not come back equal without it. */
  readonly structure?: "auto" | "always" | "never" | undefined;
  /** Whether the order of dict keys and attributes counts. */
  readonly ordered?: boolean | undefined;
}

/** A tree as a file will have it. */
export interface NamedTree {
  /** The leaves that become tensors, in the tree's order, numbers, bigints and booleans as they are. */
  readonly leaves: readonly NamedLeaf[];
  /** The key path of one of the leaves: for messages, it is searched for. */
  keyPathOf(leaf: NamedLeaf): KeyPath;
  /** The structure metadata to write, if any. */
  readonly structure: string | undefined;
}

/**
 * Takes a tree apart into named leaves and structure metadata. Leaves that are strings are static: they go
 * into the structure.
 *
 * @throws `DuplicateKey`, `UnsupportedKey`, `KeyConflict`, `CircularTree`, `DepthLimit`, `GapLimit`; `UnsupportedLeaf` for static data
 * that is not JSON, and for strings under `structure: "never"`.
 */
export function tree2names(tree: unknown, options: Tree2NamesOptions = {}): NamedTree {
  const { structure: mode = "auto", ordered = false, keys = "pytree" } = options;
  const style = keyStyle(keys);
  const named = nameLeaves(tree, { ...options, maxGaps: options.maxGaps ?? MAX_GAPS });
  const leaves = named.leaves.filter(({ leaf }, i) => {
    if (typeof leaf !== "string") return true;
    if (mode === "never") refuseStatic(named.pathOf(i));
    return false;
  });
  const { maxContainers: max = defaultMaxContainers(leaves.length) } = options;
  // The root is none of them: every tree has it.
  if (named.containers - 1 > max) {
    throw tooManyContainers(max, leaves.length, containerPath(named.def, max + 1));
  }
  const keyPathOf = (leaf: NamedLeaf): KeyPath => named.pathOf(named.leaves.indexOf(leaf));
  if (named.odd) {
    if (mode === "never" && style === KEY_STYLES.pytree) refuseLeadingEmpty(named);
    refuseDuplicates(leaves, (i) => keyPathOf(leaves[i]!));
  }
  if (mode === "never") return { leaves, keyPathOf, structure: undefined };

  const { objects, like, maxDepth = MAX_DEPTH } = options;
  const how = { style, ordered, objects, like, maxDepth, always: mode === "always" };
  return { leaves, keyPathOf, structure: describeStructure(named.def, named.leaves, how) };
}

function refuseStatic(path: KeyPath): never {
  const message = (place: string) =>
    `${place} is a string, which only structure metadata can hold: save with structure "auto", or leave it out`;
  throw errorAt("UnsupportedLeaf", path, message, { found: "a string" });
}
