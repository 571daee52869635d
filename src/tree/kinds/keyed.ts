/** What the kinds have in common whose children stand under keys: dicts, attributes, Maps, registered classes. */
import { setOwn } from "../../base/dict.ts";
import { compareUtf8 } from "../../base/utf8.ts";
import type { Branch, Child } from "../build/branch.ts";
import type { Maker } from "../build/make-tree.ts";
import { type DictKeyValue, type KeyEntry, keyOf, type Mark } from "../keys/keypath.ts";
import { canonicalIndex } from "../keys/keystring.ts";
import { decodeKey, encodeKey, invalidStructure, isList, type Json } from "../structure/value.ts";
import type { RecordWriter } from "../structure/write.ts";
import { isNone, type TreeDef, UNDEFINED } from "../treedef.ts";
import type { Kind, Node, Pairing } from "./kind.ts";

/** Takes an object apart into its own enumerable properties. */
export function openObject(value: object, kind: Kind): readonly [Node, readonly unknown[]] {
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  const children = new Array<unknown>(keys.length);
  for (let i = 0; i < keys.length; i++) children[i] = object[keys[i]!];
  return [{ kind, keys, data: Object.getPrototypeOf(value) }, children];
}

/** An object with the prototype and keys of the one that was opened. */
export function makeObject({ keys, data }: Node, children: readonly unknown[]): object {
  const object: Record<string, unknown> =
    data === Object.prototype ? {} : Object.create(data as object | null);
  for (let i = 0; i < children.length; i++) setOwn(object, keys![i] as string, children[i]);
  return object;
}

/** Pairs children by their keys, whatever the order. */
export function pairKeys(a: Node, b: Node): Pairing {
  const keys = a.keys!;
  const others = b.keys!;
  if (keys.every((key, i) => key === others[i])) return "same";
  const places = new Map(others.map((key, i) => [key, i]));
  const order = keys.map((key) => places.get(key) ?? -1);
  return order.includes(-1) ? undefined : order;
}

/**
 * Writes records for a container that loads as what its keys say.
 *
 * @param fallback Which mark it has where there is no key to tell; that of its kind by default.
 * @param fields What else becomes a child of it.
 */
export function writeKeyed(
  def: TreeDef,
  entries: readonly KeyEntry[],
  writer: RecordWriter,
  fallback: Mark = def.node!.kind.mark!,
  fields: readonly (readonly [key: KeyEntry, value: Json])[] = [],
): void {
  const mark = writer.markOf(entries) ?? fallback;
  const keys: DictKeyValue[] = [];
  let implied = 0;
  let length = 0;
  for (let i = 0; i < entries.length; i++) {
    const [entry, child] = [entries[i]!, def.children[i]!];
    const index = entry.kind === "sequence" ? entry.idx + 1 : 0;
    length = Math.max(length, index);
    if (child === UNDEFINED || (mark === "#" && isNone(child))) continue;
    keys.push(keyOf(entry));
    writer.child(entry, child);
    implied = Math.max(implied, index);
  }
  for (const [entry, value] of mark === "." ? fields : []) {
    keys.push(keyOf(entry));
    writer.value(entry, value);
  }
  if (mark === "#") {
    if (implied < length) writer.record("list", length);
    return;
  }
  const kind = mark === "@" ? "dict" : "attrs";
  if (keys.length === 0) writer.record(kind);
  else if (writer.ordered && !isBuiltOrder(keys)) {
    const order = keys.map((key) => encodeKey(key, writer.path));
    writer.record(kind, order);
  }
}

/** Whether an object that is built sorted has its keys in this order. Engines put array indices first. */
function isBuiltOrder(keys: readonly DictKeyValue[]): boolean {
  const names = keys.map(String).filter((key) => !((canonicalIndex(key) ?? 2 ** 32) < 2 ** 32 - 1));
  return names.every((name, i) => i === 0 || compareUtf8(names[i - 1]!, name) < 0);
}

/** Reads the keys of a record. */
export function readKeys<T>(json: Json | undefined, decode: (json: Json) => T): readonly T[] {
  if (!isList(json)) invalidStructure("keys are not a list");
  return json.map(decode);
}

/** Reads the order of the names that a dict or attributes have; nothing is no names. */
export function readNames(extra: Json | undefined, kind: string): readonly string[] {
  const keys = readKeys(extra ?? [], decodeKey);
  if (!keys.every((key) => typeof key === "string")) invalidStructure(`a key of a ${kind} is not a string`);
  return keys;
}

/** The recorded children that a branch has: a part of a file may lack some. */
export function recordedChildren<R>(branch: Branch<R>): readonly Child<R>[] {
  return branch.record!.keys!.flatMap((key) => branch.find(key) ?? []);
}

/** Puts the children of a branch into an object: in the recorded order, else sorted as JAX sorts dict keys. */
export function buildInto<R>(object: Record<string, unknown>, branch: Branch<R>, maker: Maker<R>): object {
  // The keys of a dict may have come in the order that JAX sorts them in.
  if (branch.record === undefined && branch.sorted && !hasHigh(branch)) {
    for (let child = branch.first; child !== undefined; child = child.next) {
      setOwn(object, child.key as string, maker.make(child.twig));
    }
  } else {
    const children = branch.record === undefined ? sortedChildren(branch) : recordedChildren(branch);
    for (const child of children) setOwn(object, child.key as string, maker.make(child.twig));
  }
  return object;
}

// From here on UTF-16 and UTF-8 order differently: surrogates and the units above them.
const HIGH = 0xd800;

function hasHigh(branch: Branch<unknown>): boolean {
  for (let child = branch.first; child !== undefined; child = child.next) {
    const key = child.key as string;
    for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) >= HIGH) return true;
  }
  return false;
}

// Most dicts have few keys, for which a call of `sort` costs more than the sorting: a fifth of `dict2pytree`.
const FEW = 12;

function sortedChildren<R>(branch: Branch<R>): readonly Child<R>[] {
  // The engine's own comparison of strings is several times as fast as one in JavaScript.
  const compare = hasHigh(branch) ? compareUtf8 : compareUnits;
  const children: Child<R>[] = [];
  for (let child = branch.first; child !== undefined; child = child.next) children.push(child);
  if (children.length > FEW) return children.sort((a, b) => compare(a.key as string, b.key as string));
  for (let i = 1; i < children.length; i++) {
    const child = children[i]!;
    let at = i;
    while (at > 0 && compare(children[at - 1]!.key as string, child.key as string) > 0) {
      children[at] = children[--at]!;
    }
    children[at] = child;
  }
  return children;
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
