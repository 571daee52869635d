/** A tree of a dict: the Python package's `dict2pytree`. */

import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import { requireChoice, requireLimits, requireOptions } from "./arguments.ts";
import type { ReadKeyStyleOption } from "./keys/keystyles.ts";
import type { AttributesAs } from "./kinds/attrs.ts";
import { isPlainPrototype } from "./kinds/prototypes.ts";
import { unseenIn } from "./kinds/unseen.ts";
import type { BuildLimits } from "./limits.ts";
import { names2tree } from "./names2tree.ts";

/** Options of {@link dict2pytree}. */
export interface Dict2PytreeOptions extends BuildLimits, ReadKeyStyleOption {
  /** What nodes with attribute keys become: a `PyTreeContainer` (the default) or a plain object. */
  readonly attributes?: AttributesAs | undefined;
}

/**
 * Builds the tree whose leaves stand in a dict under their key strings: `#` makes arrays, `@` plain objects, `.`
 * `PyTreeContainer`s. Keys of dicts are sorted, places of lists that no leaf fills are `null`, an empty dict is `null`.
 *
 * @throws `KeyConflict` where two keys can't be in one tree, `InvalidKeyString`, `DepthLimit`, `GapLimit`.
 * @example
 * ```ts
 * dict2pytree({ "@w": 1, "@layers#1": 2 }); // { layers: [null, 2], w: 1 }
 * ```
 */
export function dict2pytree(
  dict: Readonly<Record<string, unknown>>,
  options: Dict2PytreeOptions = {},
): unknown {
  requireDict(dict);
  requireOptions(options);
  const { attributes, keys, maxDepth, maxContainers, maxGaps } = options;
  requireChoice("attributes", attributes, ["container", "object"]);
  const limits = { maxDepth, maxContainers, maxGaps };
  requireLimits(limits);
  const { build } = names2tree(Object.keys(dict), { attributes, keys, ...limits });
  return build((name) => dict[name]);
}

/** Throws for what is not a plain object with string keys alone: other things would come out as an empty tree. */
function requireDict(dict: unknown): void {
  const isPlain = typeof dict === "object" && dict !== null && isPlainPrototype(Object.getPrototypeOf(dict));
  const unseen = isPlain ? unseenIn(dict) : undefined;
  if (isPlain && unseen === undefined) return;
  const expected = "a plain object of names and leaves";
  const found = unseen ?? describeValue(dict);
  throw new Pytree2SafetensorsError("InvalidArgument", `dict: expected ${expected}, found ${found}`, {
    expected,
    found,
  });
}
