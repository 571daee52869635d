/** A tree of a dict: the Python package's `dict2pytree`. */

import { requireChoice, requireDict, requireOptions } from "../base/arguments.ts";
import { makeInOrder } from "./build/make-in-order.ts";
import type { ReadKeyStyleOption } from "./keys/keystyles.ts";
import type { AttributesAs } from "./kinds/attrs.ts";
import type { BuildLimits } from "./limits.ts";
import { names2tree } from "./names2tree.ts";

/** Options of {@link dict2pytree}. */
export interface Dict2PytreeOptions extends BuildLimits, ReadKeyStyleOption {
  /** What nodes with attribute keys become: a `PyTreeContainer` (the default) or a plain object. */
  readonly attributes?: AttributesAs | undefined;
}

/**
 * Builds a tree from a dict of leaves by key string: `#` makes arrays, `@` plain objects, and `.` `PyTreeContainer`s. Dict
 * keys are sorted, missing list elements become `null`, and an empty dict becomes `null`.
 *
 * @throws `KeyConflict` if two keys can't be in one tree; `InvalidKeyString` if a key can't be read; `DepthLimit` or
 *   `GapLimit` if the tree would be too large.
 * @example
 * ```ts
 * dict2pytree({ "@w": 1, "@layers#1": 2 }); // { layers: [null, 2], w: 1 }
 * ```
 */
export function dict2pytree(
  dict: Readonly<Record<string, unknown>>,
  options: Dict2PytreeOptions = {},
): unknown {
  requireDict("dict", dict);
  requireOptions(options);
  const { attributes, keys, maxDepth, maxContainers, maxGaps } = options;
  requireChoice("attributes", attributes, ["container", "object"]);
  const plan = { attributes, keys, maxDepth, maxContainers, maxGaps };
  const names = Object.keys(dict);
  const leafOf = (name: string): unknown => dict[name];
  const made = keys === undefined || keys === "pytree" ? makeInOrder(names, leafOf, plan) : undefined;
  return made === undefined ? names2tree(names, plan).build(leafOf) : made.tree;
}
