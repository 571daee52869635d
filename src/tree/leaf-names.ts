import { Pytree2SafetensorsError } from "../base/errors.ts";
import { keepShape } from "../base/keep-shape.ts";
import { leafPaths } from "./flatten.ts";
import { type KeyPath, keyOf, markOf } from "./keys/keypath.ts";
import { isPlainName, keystr } from "./keys/keystring.ts";
import type { KeyStyle } from "./keys/keystyles.ts";
import { KEY_STYLES } from "./keys/keystyles.ts";
import { unsupportedKey } from "./messages.ts";
import { childEntry, LEAF, leafPath, type TreeDef } from "./treedef.ts";

/** The key strings of a structure's leaves. */
export interface LeafNames {
  readonly names: readonly string[];
  /**
   * Whether some key string may read as another path, or stand twice: a name contains a separator, a key is
   * no string, a class gave the keys. False is certain.
   */
  readonly odd: boolean;
}

/** Spells the key path of every leaf, in order. */
export function leafNames(def: TreeDef, style: KeyStyle = KEY_STYLES.pytree): LeafNames {
  if (style === KEY_STYLES.pytree) return new Namer(def).name();
  return { names: leafPaths(def).map((path) => style.encode(path)), odd: true };
}

class Namer {
  readonly #root: TreeDef;
  readonly #names: string[] = [];
  #odd = false;

  constructor(root: TreeDef) {
    this.#root = root;
  }

  name(): LeafNames {
    this.#visit(this.#root, "", true);
    return { names: this.#names, odd: this.#odd };
  }

  // Prefixes grow by concatenation: no path is made, and engines share the text of a prefix among its children.
  #visit(def: TreeDef, prefix: string, isRoot: boolean): void {
    const { kind, keys, entries } = def.node;
    const { children } = def;
    if (kind === "leaf") this.#names.push(prefix);
    else if (entries !== undefined) this.#visitEntries(def, prefix, isRoot);
    else if (keys === undefined) {
      const start = `${prefix}#`;
      for (let i = 0; i < children.length; i++) this.#child(children[i]!, start + i);
    } else {
      const start = kind === "attrs" ? (isRoot ? "" : `${prefix}.`) : `${prefix}@`;
      for (let i = 0; i < children.length; i++) {
        const key = keys[i]!;
        if (typeof key !== "string" || !isPlainName(key)) this.#odd = true;
        this.#child(children[i]!, start + String(key));
      }
      if (start === "" && keys.includes("")) this.#odd = true;
    }
  }

  #visitEntries(def: TreeDef, prefix: string, isRoot: boolean): void {
    this.#odd = true;
    for (let i = 0; i < def.children.length; i++) {
      const child = def.children[i]!;
      if (child.numLeaves === 0) continue;
      const entry = childEntry(def.node, i);
      const mark = markOf(entry) ?? this.#unspellable();
      this.#child(child, prefix + (isRoot && mark === "." ? "" : mark) + String(keyOf(entry)));
    }
  }

  /** Throws for the leaf whose turn it is. */
  #unspellable(): never {
    const path = leafPath(this.#root, this.#names.length);
    const at = path.findIndex((entry) => markOf(entry) === undefined);
    unsupportedKey(path.slice(0, at), path[at]);
  }

  #child(child: TreeDef, name: string): void {
    if (child === LEAF) this.#names.push(name);
    else if (child.numLeaves > 0) this.#visit(child, name, false);
  }
}

keepShape(new Namer(LEAF));

/** Throws `DuplicateKey` with both key paths where two leaves have one key string. */
export function refuseDuplicates(names: readonly string[], pathOf: (leaf: number) => KeyPath): void {
  const first = new Map<string, number>();
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const other = first.get(name);
    if (other !== undefined) {
      const [a, b] = [other, i].map((leaf) => keystr(pathOf(leaf)) || "the root");
      throw new Pytree2SafetensorsError(
        "DuplicateKey",
        `${a} and ${b} have the same key string ${JSON.stringify(name)}: rename one of them`,
        { tensor: name, keyPath: b! },
      );
    }
    first.set(name, i);
  }
}

/** Throws `UnsupportedKey` for a leaf whose path starts with an attribute of the empty name. */
export function refuseLeadingEmpty(def: TreeDef): void {
  const at = def.children.findIndex((child, i) => {
    if (child.numLeaves === 0) return false;
    const entry = childEntry(def.node, i);
    return entry.kind === "attr" && entry.name === "";
  });
  if (at === -1) return;
  throw new Pytree2SafetensorsError(
    "UnsupportedKey",
    "the root has an attribute with an empty name, whose key string reads as another path: rename it, or save it with structure metadata",
    { keyPath: "." },
  );
}
