/** Objects of registered classes, whose keys are whatever the class gives. */
import { setOwn } from "../../base/dict.ts";
import { isPytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { equalEntries, GetAttrKey, type KeyEntry, type KeyPath, keyOf, markOf } from "../keys/keypath.ts";
import { keystr } from "../keys/keystr.ts";
import { errorAt } from "../messages.ts";
import {
  decodeEntry,
  decodeValue,
  encodeEntry,
  encodeValue,
  invalidStructure,
  isObject,
  type Json,
} from "../structure/value.ts";
import { attrs, spellObject } from "./attrs.ts";
import { dict } from "./dict.ts";
import { readKeys, recordedChildren, writeKeyed } from "./keyed.ts";
import type { Kind, Node } from "./kind.ts";
import { list } from "./list.ts";
import { map } from "./map.ts";
import { OPAQUE, OpaqueNode } from "./opaque.ts";
import { getRegistration, getRegistrationByName, type Registration } from "./registry.ts";

/** What structure metadata says of an object of a class. */
interface ClassRecord {
  readonly name: string;
  readonly entries: readonly KeyEntry[];
  /** What the class keeps besides its children. */
  readonly aux: unknown;
}

interface ClassData extends Omit<ClassRecord, "name"> {
  readonly registration: Registration;
  /** What files call the class; `undefined` where they don't. */
  readonly name: string | undefined;
}

export const registered: Kind = {
  name: "class",
  mark: undefined,
  recognises: (prototype) =>
    prototype === OpaqueNode.prototype || (prototype !== null && getRegistration(prototype) !== undefined),

  open(value, pathOf) {
    const isOpaque = value instanceof OpaqueNode;
    const registration = isOpaque ? OPAQUE : getRegistration(Object.getPrototypeOf(value))!;
    const [pairs, aux] = registration.flatten(value);
    const entries = pairs.map((pair) => pair[0]);
    if (!registration.dataclass) refuseEqualEntries(entries, pathOf);
    const data: ClassData = { registration, name: isOpaque ? value.name : registration.name, entries, aux };
    return [{ kind: registered, keys: undefined, data }, pairs.map((pair) => pair[1])];
  },
  entry: (node, i) => dataOf(node).entries[i]!,
  make(node, children) {
    const { registration, name, entries, aux } = dataOf(node);
    return registration.unflatten(aux, children, entries, name);
  },
  spell(node, children) {
    const { name, registration } = dataOf(node);
    return spellObject(name ?? registration.className, node, children);
  },
  // The order is the class's business: its keys must be the same in the same order.
  pair(a, b) {
    const [x, y] = [dataOf(a), dataOf(b)];
    const same =
      x.registration === y.registration &&
      x.name === y.name &&
      x.entries.length === y.entries.length &&
      x.entries.every((entry, i) => equalEntries(entry, y.entries[i]!)) &&
      equalData(x.aux, y.aux);
    return same ? "same" : undefined;
  },

  write(def, entries, writer) {
    const { registration, name, aux } = dataOf(def.node!);
    // A class without a name loads as what its keys say.
    if (name === undefined) {
      writeKeyed(def, entries, writer, ".", staticFields(registration, aux));
      return;
    }
    writer.markOf(entries);
    for (let i = 0; i < entries.length; i++) writer.child(entries[i]!, def.children[i]!);
    const static_ =
      aux === undefined ? undefined : encodeValue(aux, () => `${keystr(writer.path)} (${name})`);
    const keys = entries.map((entry) => encodeEntry(entry, writer.path));
    writer.record("class", static_ === undefined ? { name, keys } : { name, keys, aux: static_ });
  },
  read(json) {
    if (!isObject(json) || typeof json.name !== "string") invalidStructure("a class has no name");
    const entries = readKeys(json.keys, decodeEntry);
    if (entries.some((entry) => entry.kind !== entries[0]!.kind)) {
      invalidStructure("a class has keys of two kinds");
    }
    const { name, aux } = json;
    const data: ClassRecord = { name, entries, aux: aux === undefined ? undefined : decodeValue(aux) };
    const mark = (entries[0] && markOf(entries[0])) ?? ".";
    return { kind: registered, mark, keys: entries.map(keyOf), data };
  },
  settle(branch, path, { mode, onWarning }) {
    const record = branch.record!.data as ClassRecord;
    const { name } = record;
    const registration = getRegistrationByName(name);
    if (registration === undefined || fits(registration, record)) return;
    const message = (place: string) =>
      `${place}: the fields of ${quote(name)} in the file are not those of the class that is registered by that name; it loads as what its keys say`;
    const error = errorAt("StructureMismatch", path, message);
    if (mode === "require") throw error;
    onWarning?.(error);
  },
  build(branch, maker) {
    const record = branch.record!.data as ClassRecord;
    const { name, entries, aux } = record;
    const present = recordedChildren(branch);
    let registration = getRegistrationByName(name);
    if (registration === undefined || !fits(registration, record)) {
      registration = maker.unknownClasses === "opaque" ? OPAQUE : undefined;
    }
    if (registration !== undefined && present.length === entries.length) {
      const children = present.map(({ twig }) => maker.make(twig));
      return registration.unflatten(aux, children, entries, name);
    }
    // Not known here, or not whole: what its keys say, and its static fields beside them.
    if (branch.mark === "#") return list.build(branch, maker);
    if (present.some(({ key }) => typeof key !== "string")) return map.build(branch, maker);
    if (branch.mark !== ".") return dict.build(branch, maker);
    const object = attrs.build(branch, maker) as Record<string, unknown>;
    for (const [field, value] of isObject(aux as Json) ? Object.entries(aux as object) : []) {
      if (!Object.hasOwn(object, field)) setOwn(object, field, value);
    }
    return object;
  },
};

function fits(registration: Registration, { aux, entries }: ClassRecord): boolean {
  return registration.accepts?.(aux, entries) ?? true;
}

function dataOf(node: Node): ClassData {
  return node.data as ClassData;
}

function refuseEqualEntries(entries: readonly KeyEntry[], pathOf: () => KeyPath): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const id = `${entry.kind} ${typeof key} ${key}`;
    if (seen.has(id)) {
      const message = (place: string) =>
        `flattenWithKeys gives ${place} twice: give each child a key of its own`;
      throw errorAt("DuplicateKey", [...pathOf(), entry], message);
    }
    seen.add(id);
  }
}

/** The static fields of a dataclass without a name, as far as they are JSON: they become attributes. */
function staticFields({ dataclass }: Registration, aux: unknown): [KeyEntry, Json][] {
  if (!dataclass) return [];
  return Object.entries(aux as object).flatMap(([field, value]): [KeyEntry, Json][] => {
    try {
      return value === undefined ? [] : [[new GetAttrKey(field), encodeValue(value, () => field)]];
    } catch (error) {
      if (isPytree2SafetensorsError(error)) return [];
      throw error;
    }
  });
}

/** Whether two pieces of static data are the same value: equal JSON, or else the same object. */
export function equalData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalData(item, b[i]));
  }
  const prototype: unknown = Object.getPrototypeOf(a);
  if (prototype !== Object.getPrototypeOf(b) || (prototype !== Object.prototype && prototype !== null)) {
    return false;
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keys.every((key) => Object.hasOwn(y, key) && equalData(x[key], y[key]));
}
