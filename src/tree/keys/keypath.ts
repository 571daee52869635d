/** Key paths: the steps from the root of a tree to a leaf. */
import { invalidArgument } from "../../base/arguments.ts";

/** The type of a dict key. Plain objects have only string keys; a `Map` and Python's dicts can have others. */
export type DictKeyValue = string | number | bigint | boolean;

/** A step to an attribute of an object, `.name`. */
export class GetAttrKey {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Tells the kinds of entries apart. */
  get kind(): "attr" {
    return "attr";
  }
}

/** A step to an entry of a dict, `['key']`. */
export class DictKey {
  readonly key: DictKeyValue;

  constructor(key: DictKeyValue) {
    this.key = key;
  }

  /** Tells the kinds of entries apart. */
  get kind(): "dict" {
    return "dict";
  }
}

/** A step to an element of a list, `[idx]`. */
export class SequenceKey {
  readonly idx: number;

  /** @throws `InvalidArgument` if `idx` is not a list index. */
  constructor(idx: number) {
    if (!(Number.isSafeInteger(idx) && idx >= 0))
      throw invalidArgument("a list index", "a non-negative integer", idx);
    this.idx = idx;
  }

  /** Tells the kinds of entries apart. */
  get kind(): "sequence" {
    return "sequence";
  }
}

/** A step to the n-th child of a class that was registered without keys. It has no key string. */
export class FlattenedIndexKey {
  readonly key: number;

  constructor(key: number) {
    this.key = key;
  }

  /** Tells the kinds of entries apart. */
  get kind(): "flat" {
    return "flat";
  }
}

/** One step from a container to one of its children. */
export type KeyEntry = GetAttrKey | DictKey | SequenceKey | FlattenedIndexKey;

/** The steps from the root of a tree to a leaf. The path of a bare leaf is empty. */
export type KeyPath = readonly KeyEntry[];

/** Refuses what is not a key path. */
export function requireKeyPath(path: unknown): asserts path is KeyPath {
  if (!Array.isArray(path)) throw invalidArgument("a key path", "an array of key entries", path);
  const at = path.findIndex((entry: unknown) => typeof entry !== "object" || entry === null);
  if (at !== -1) throw invalidArgument(`entry ${at} of the key path`, "a key entry", path[at]);
}

/** The character that key strings write before an entry. */
export type Mark = "." | "@" | "#";

/** The mark of an entry, or `undefined` for the kinds that key strings can't spell. */
export function markOf({ kind }: KeyEntry): Mark | undefined {
  return kind === "attr" ? "." : kind === "dict" ? "@" : kind === "sequence" ? "#" : undefined;
}

/** What an entry steps by: the name, the key, the index. */
export function keyOf(entry: KeyEntry): DictKeyValue {
  return entry.kind === "attr" ? entry.name : entry.kind === "sequence" ? entry.idx : entry.key;
}

/** The entry of a mark and what it steps by. */
export function entryOf(mark: Mark, key: DictKeyValue): KeyEntry {
  if (mark === "@") return new DictKey(key);
  return mark === "." ? new GetAttrKey(String(key)) : new SequenceKey(Number(key));
}

/** Whether two key paths take the same steps: same kinds, same keys, of the same type. */
export function equalKeyPaths(a: KeyPath, b: KeyPath): boolean {
  return a.length === b.length && a.every((entry, i) => equalEntries(entry, b[i]!));
}

/** Whether two entries take the same step. */
export function equalEntries(a: KeyEntry, b: KeyEntry): boolean {
  const x = keyOf(a);
  const y = keyOf(b);
  // As a Map compares its keys: NaN equals itself.
  return a.kind === b.kind && (x === y || Object.is(x, y));
}
