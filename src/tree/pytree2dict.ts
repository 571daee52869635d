import { setOwn } from "../base/dict.ts";
import { keepShape } from "../base/keep-shape.ts";
import { type FlattenOptions, nextAnchor, treeFlatten } from "./flatten.ts";
import { isPlainName } from "./keys/keystring.ts";
import { KEY_STYLES, type KeyStyleOption, keyStyle } from "./keys/keystyles.ts";
import { kindOf } from "./kinds/kind.ts";
import { leafNames, refuseDuplicates, refuseLeadingEmpty } from "./leaf-names.ts";
import { MAX_DEPTH } from "./limits.ts";
import { type RekeyOptions, rekey } from "./rekey.ts";
import { leafPath } from "./treedef.ts";

/** Options of {@link pytree2dict}. */
export interface Pytree2DictOptions extends FlattenOptions, RekeyOptions, KeyStyleOption {}

/**
 * The leaves of a tree under their key strings, in the tree's order; the leaves themselves are untouched.
 *
 * @throws `DuplicateKey` where two leaves have one key string, `UnsupportedKey` for keys that have none,
 * `CircularTree`, `DepthLimit`.
 * @example
 * ```ts
 * pytree2dict({ w: 1, layers: [2, null, 3] }); // { "@w": 1, "@layers#0": 2, "@layers#2": 3 }
 * ```
 */
export function pytree2dict<Leaf = unknown>(
  tree: unknown,
  options: Pytree2DictOptions = {},
): Record<string, Leaf> {
  const { keys = "pytree", objects, like, ...rest } = options;
  const style = keyStyle(keys);
  if (style === KEY_STYLES.pytree && like === undefined) {
    const walk = new PlainWalk(objects === "attrs" ? "." : "@", rest);
    if (walk.visit(tree, "", 0, undefined)) return walk.dict as Record<string, Leaf>;
  }
  const [leaves, treedef] = treeFlatten<Leaf>(tree, rest);
  const def = rekey(treedef, { objects, like });
  const { names, odd } = leafNames(def, style);
  if (odd) {
    if (style === KEY_STYLES.pytree) refuseLeadingEmpty(def);
    refuseDuplicates(names, (leaf) => leafPath(def, leaf));
  }
  const dict: Record<string, Leaf> = {};
  for (let i = 0; i < names.length; i++) setOwn(dict, names[i]!, leaves[i]!);
  return dict;
}

/**
 * The short way for trees of lists, plain objects and `PyTreeContainer`s whose names have no separators: nothing
 * but the dict is made, which takes half the time of the way over a `TreeDef`. Whatever else it meets (also
 * what may be an error), it gives up.
 */
class PlainWalk {
  readonly dict: Record<string, unknown> = {};
  readonly #dictMark: "." | "@";
  readonly #isLeaf: ((value: unknown) => boolean) | undefined;
  readonly #maxDepth: number;

  constructor(dictMark: "." | "@", { isLeaf, maxDepth = MAX_DEPTH }: FlattenOptions) {
    this.#dictMark = dictMark;
    this.#isLeaf = isLeaf;
    this.#maxDepth = maxDepth;
  }

  /** Whether the tree is plain as far as it goes from here. */
  visit(value: unknown, name: string, depth: number, anchor: unknown): boolean {
    const kind = this.#isLeaf?.(value) ? "leaf" : kindOf(value);
    if (kind === "leaf") setOwn(this.dict, name, value);
    if (kind === "leaf" || kind === "none") return true;
    if (value === anchor || depth === this.#maxDepth) return false;
    const next = nextAnchor(depth, value, anchor);
    if (kind === "list") return this.#list(value as unknown[], `${name}#`, depth + 1, next);
    if (kind !== "dict" && kind !== "attrs") return false;
    const mark = kind === "attrs" ? "." : this.#dictMark;
    const prefix = depth === 0 && mark === "." ? "" : name + mark;
    return this.#object(value as Record<string, unknown>, prefix, depth + 1, next);
  }

  #list(list: readonly unknown[], prefix: string, depth: number, anchor: unknown): boolean {
    for (let i = 0; i < list.length; i++) if (!this.visit(list[i], prefix + i, depth, anchor)) return false;
    return true;
  }

  #object(object: Record<string, unknown>, prefix: string, depth: number, anchor: unknown): boolean {
    for (const key of Object.keys(object)) {
      if (!isPlainName(key) || (prefix === "" && key === "")) return false;
      if (!this.visit(object[key], prefix + key, depth, anchor)) return false;
    }
    return true;
  }
}

keepShape(new PlainWalk("@", {}));
