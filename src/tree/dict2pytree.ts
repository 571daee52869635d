import { type BuildLimits, TreeBuilder } from "./build/builder.ts";
import { type AttributesAs, materialize } from "./build/make-tree.ts";
import { KEY_STYLES, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";

/** Options of {@link dict2pytree}. */
export interface Dict2PytreeOptions extends BuildLimits, KeyStyleOption {
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
  { attributes, keys = "pytree", ...limits }: Dict2PytreeOptions = {},
): unknown {
  const names = Object.keys(dict);
  const builder = new TreeBuilder(names, limits);
  const style = keyStyle(keys);
  const paths = style === KEY_STYLES.pytree ? undefined : style.decode(names);
  for (let i = 0; i < names.length; i++) {
    if (paths === undefined) builder.addName(i);
    else builder.addPath(i, paths[i]!);
  }
  builder.checkGaps();
  return materialize(builder.root, (i) => dict[names[i]!], attributes);
}
