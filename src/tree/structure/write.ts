import { setOwn } from "../../base/dict.ts";
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../../base/errors.ts";
import { keepShape } from "../../base/keep-shape.ts";
import { compareUtf8 } from "../../base/utf8.ts";
import {
  type DictKeyValue,
  equalKeyPaths,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  keyOf,
  type Mark,
  markOf,
} from "../keys/keypath.ts";
import { canonicalIndex, isPlainName, keystr } from "../keys/keystring.ts";
import { KEY_STYLES, type KeyStyle } from "../keys/keystyles.ts";
import { unsupportedKey } from "../messages.ts";
import { childEntry, type TreeDef, UNDEFINED } from "../treedef.ts";
import { encodeEntry, encodeKey, encodePath, encodeValue, type Json } from "./value.ts";

/** What the structure metadata of a file says: see `docs/format.md`. */
export interface StructureRecords {
  /** `[path, kind, …]` for each node that key strings get wrong. */
  readonly nodes: readonly Json[];
  /** The path of each key string that reads as another path. */
  readonly leaves: Readonly<Record<string, Json>>;
  /** Whether there are any of either. */
  readonly needed: boolean;
}

/**
 * Finds out what of a tree its key strings don't tell.
 *
 * @param names The key string of each leaf that becomes a tensor, `undefined` for static leaves.
 * @param ordered Whether the order of dict keys and attributes counts.
 */
export function describeStructure(
  def: TreeDef,
  leaves: readonly unknown[],
  names: readonly (string | undefined)[],
  style: KeyStyle,
  ordered: boolean,
): StructureRecords {
  const writer = new StructureWriter(leaves, names, style, ordered);
  writer.visit(def);
  return writer.finish();
}

class StructureWriter {
  readonly #leaves: readonly unknown[];
  readonly #names: readonly (string | undefined)[];
  readonly #style: KeyStyle;
  readonly #ordered: boolean;
  readonly #nodes: Json[] = [];
  // Paths of tensors: those that their key strings get wrong, or all where the style reads all names together.
  readonly #paths = new Map<string, KeyPath>();
  readonly #path: KeyEntry[] = [];
  #oddEntries = 0;
  #next = 0;

  constructor(
    leaves: readonly unknown[],
    names: readonly (string | undefined)[],
    style: KeyStyle,
    ordered: boolean,
  ) {
    this.#leaves = leaves;
    this.#names = names;
    this.#style = style;
    this.#ordered = ordered;
  }

  finish(): StructureRecords {
    const leaves: Record<string, Json> = {};
    let needed = this.#nodes.length > 0;
    if (this.#style === KEY_STYLES.pytree || !readsBack(this.#style, this.#paths)) {
      for (const [name, path] of this.#paths) {
        setOwn(leaves, name, encodePath(path));
        needed = true;
      }
    }
    return { nodes: this.#nodes, leaves, needed };
  }

  /** Describes a node and what is below it. */
  visit(def: TreeDef): void {
    const { kind } = def.node;
    if (kind === "leaf") this.#leaf();
    else if (kind === "map") this.#map(def);
    else if (kind === "list") this.#list(def);
    else if (typeof kind === "object" && kind.name !== undefined) this.#class(def, kind.name);
    else if (kind !== "none") this.#keyed(def);
  }

  #record(kind: string, ...extra: Json[]): void {
    this.#nodes.push([encodePath(this.#path), kind, ...extra]);
  }

  #leaf(): void {
    const i = this.#next++;
    const leaf = this.#leaves[i];
    const name = this.#names[i];
    if (name === undefined) {
      this.#record(
        "static",
        encodeValue(leaf, () => keystr(this.#path)),
      );
      return;
    }
    if (typeof leaf === "number" || typeof leaf === "boolean" || typeof leaf === "bigint") {
      this.#record(typeof leaf);
    }
    if (this.#oddEntries > 0 || this.#style !== KEY_STYLES.pytree) this.#paths.set(name, this.#path.slice());
  }

  /** Describes the child under an entry. */
  #child(entry: KeyEntry, child: TreeDef): void {
    const odd = isOdd(entry, this.#path.length === 0) ? 1 : 0;
    this.#oddEntries += odd;
    this.#path.push(entry);
    if (child.node.kind === "none") this.#record("none");
    else this.visit(child);
    this.#path.pop();
    this.#oddEntries -= odd;
  }

  #list(def: TreeDef): void {
    let length = 0;
    def.children.forEach((child, i) => {
      if (child.node.kind === "none") return;
      this.#child(childEntry(def.node, i), child);
      length = i + 1;
    });
    if (length < def.children.length || length === 0) this.#record("list", def.children.length);
  }

  #map(def: TreeDef): void {
    const keys: Json[] = [];
    def.children.forEach((child, i) => {
      if (child === UNDEFINED) return;
      keys.push(encodeKey(def.node.keys![i]!));
      this.#child(childEntry(def.node, i), child);
    });
    this.#record("map", keys);
  }

  #class(def: TreeDef, name: string): void {
    const entries = def.node.entries!;
    this.#oneMark(def);
    entries.forEach((entry, i) => {
      this.#child(entry, def.children[i]!);
    });
    const aux =
      def.node.aux === undefined
        ? undefined
        : encodeValue(def.node.aux, () => `${keystr(this.#path)} (${name})`);
    const keys = entries.map((entry) => encodeEntry(entry, () => this.#path));
    this.#record("class", aux === undefined ? { name, keys } : { name, keys, aux });
  }

  /** A dict, attributes, or a class without a name, which loads as what its keys say. */
  #keyed(def: TreeDef): void {
    const mark = this.#oneMark(def) ?? (def.node.kind === "dict" ? "@" : ".");
    const keys: DictKeyValue[] = [];
    let implied = 0;
    let length = 0;
    def.children.forEach((child, i) => {
      const entry = childEntry(def.node, i);
      const index = entry.kind === "sequence" ? entry.idx + 1 : 0;
      length = Math.max(length, index);
      if (child === UNDEFINED || (mark === "#" && child.node.kind === "none")) return;
      keys.push(keyOf(entry));
      this.#child(entry, child);
      implied = Math.max(implied, index);
    });
    for (const [field, value] of mark === "." ? staticFields(def.node) : []) {
      keys.push(field);
      this.#nodes.push([encodePath([...this.#path, new GetAttrKey(field)]), "static", value]);
    }
    if (mark === "#") {
      if (implied < length) this.#record("list", length);
      return;
    }
    const kind = mark === "@" ? "dict" : "attrs";
    if (keys.length === 0) this.#record(kind);
    else if (this.#ordered && !isBuiltOrder(keys)) this.#record(kind, keys.map(encodeKey));
  }

  /** The one kind of keys that a class gives; files can't have two under one node. */
  #oneMark({ node }: TreeDef): Mark | undefined {
    const [first, ...others] = node.entries ?? [];
    if (first === undefined) return undefined;
    const mark = markOf(first) ?? unsupportedKey(this.#path, first);
    for (const other of others) {
      if (markOf(other) === mark) continue;
      const [a, b] = [first, other].map((entry) => keystr([...this.#path, entry]));
      throw new Pytree2SafetensorsError(
        "KeyConflict",
        `${a} and ${b} are two kinds of key under one node: give all children of a class the same kind`,
        { keyPath: b! },
      );
    }
    return mark;
  }
}

keepShape(new StructureWriter([], [], KEY_STYLES.pytree, false));

/** The static fields of a dataclass without a name, as far as they are JSON: they become attributes. */
function staticFields({ kind, aux }: TreeDef["node"]): [field: string, value: Json][] {
  if (typeof kind !== "object" || !kind.dataclass) return [];
  return Object.entries(aux as object).flatMap(([field, value]): [string, Json][] => {
    try {
      return value === undefined ? [] : [[field, encodeValue(value, () => field)]];
    } catch (error) {
      if (isPytree2SafetensorsError(error)) return [];
      throw error;
    }
  });
}

/** Whether a key string with this entry reads as another path. */
function isOdd(entry: KeyEntry, isFirst: boolean): boolean {
  const key = keyOf(entry);
  if (entry.kind === "sequence") return false;
  return typeof key !== "string" || !isPlainName(key) || (isFirst && entry.kind === "attr" && key === "");
}

function readsBack(style: KeyStyle, paths: ReadonlyMap<string, KeyPath>): boolean {
  try {
    const decoded = style.decode([...paths.keys()]);
    return [...paths.values()].every((path, i) => equalKeyPaths(path, decoded[i] ?? []));
  } catch {
    return false;
  }
}

/** Whether an object that is built sorted has its keys in this order. Engines put array indices first. */
function isBuiltOrder(keys: readonly DictKeyValue[]): boolean {
  const names = keys.map(String).filter((key) => !((canonicalIndex(key) ?? 2 ** 32) < 2 ** 32 - 1));
  return names.every((name, i) => i === 0 || compareUtf8(names[i - 1]!, name) < 0);
}
