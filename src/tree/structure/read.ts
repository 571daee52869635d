import type { DictKeyValue, KeyEntry, KeyPath } from "../keys/keypath.ts";
import { STRUCTURE_VERSION } from "../tree2names.ts";
import {
  decodeEntry,
  decodeKey,
  decodePath,
  decodeValue,
  invalidStructure,
  isList,
  isObject,
  type Json,
} from "./value.ts";

/** The kinds of JavaScript scalars that files hold as 0-d tensors. */
export type ScalarKind = "number" | "boolean" | "bigint";

/** What structure metadata says of one node. */
export type NodeRecord =
  | { readonly kind: "none" }
  | { readonly kind: ScalarKind }
  | { readonly kind: "static"; readonly value: unknown }
  | ContainerRecord;

/** What structure metadata says of a container; the keys of a dict or attributes are an order that matters. */
export type ContainerRecord =
  | { readonly kind: "list"; readonly length: number }
  | { readonly kind: "dict" | "attrs"; readonly keys: readonly string[] }
  | { readonly kind: "map"; readonly keys: readonly DictKeyValue[] }
  | ClassRecord;

/** What structure metadata says of an object of a registered class. */
export interface ClassRecord {
  readonly kind: "class";
  readonly name: string;
  readonly entries: readonly KeyEntry[];
  readonly aux: unknown;
}

/** Structure metadata, checked for its own form but not yet against the tensors. */
export interface Structure {
  /** The key style of the file's names, where it is not this package's. */
  readonly keys: string | undefined;
  readonly nodes: readonly (readonly [path: KeyPath, record: NodeRecord])[];
  /** The paths of key strings that read as other paths. */
  readonly leaves: ReadonlyMap<string, KeyPath>;
}

/**
 * Reads structure metadata. Whatever it says comes from a stranger: nothing is looked up, made or counted here.
 *
 * @throws `InvalidStructure` for what is no JSON, of another version, or not of the form that `docs/format.md` gives.
 */
export function parseStructure(text: string, maxDepth: number): Structure {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (cause) {
    invalidStructure("no JSON", cause);
  }
  if (!isObject(json)) invalidStructure("no object");
  const { version, keys, nodes = [], leaves = {} } = json;
  if (version !== STRUCTURE_VERSION) {
    invalidStructure(
      `version ${JSON.stringify(version)?.slice(0, 40)} is unknown, expected ${STRUCTURE_VERSION}`,
    );
  }
  if (keys !== undefined && typeof keys !== "string") invalidStructure("keys is no string");
  if (!isList(nodes)) invalidStructure("nodes is no list");
  if (!isObject(leaves)) invalidStructure("leaves is no object");
  return {
    keys,
    nodes: nodes.map((node) => {
      if (!isList(node)) invalidStructure("a node is no list");
      return [decodePath(node[0], maxDepth), decodeRecord(node)];
    }),
    leaves: new Map(Object.entries(leaves).map(([name, path]) => [name, decodePath(path, maxDepth)])),
  };
}

function decodeRecord([, kind, extra, ...rest]: readonly Json[]): NodeRecord {
  if (rest.length > 0) invalidStructure("a node has too many items");
  switch (kind) {
    case "none":
    case "number":
    case "boolean":
    case "bigint":
      return { kind };
    case "static":
      if (extra === undefined) invalidStructure("a static node has no value");
      return { kind, value: decodeValue(extra) };
    case "list":
      if (typeof extra !== "number" || !Number.isSafeInteger(extra) || extra < 0) {
        invalidStructure("the length of a list is no count");
      }
      return { kind, length: extra };
    case "dict":
    case "attrs": {
      const keys = decodeKeys(extra ?? [], decodeKey);
      if (!keys.every((key) => typeof key === "string")) invalidStructure(`a key of a ${kind} is no string`);
      return { kind, keys };
    }
    case "map":
      return { kind, keys: decodeKeys(extra, decodeKey) };
    case "class":
      return decodeClass(extra);
    default:
      return invalidStructure(`a node is of the unknown kind ${JSON.stringify(kind)?.slice(0, 40)}`);
  }
}

function decodeClass(json: Json | undefined): ClassRecord {
  if (!isObject(json) || typeof json.name !== "string") invalidStructure("a class has no name");
  const { name, keys, aux } = json;
  const entries = decodeKeys(keys, decodeEntry);
  if (entries.some((entry) => entry.kind !== entries[0]!.kind)) {
    invalidStructure("a class has keys of two kinds");
  }
  return { kind: "class", name, entries, aux: aux === undefined ? undefined : decodeValue(aux) };
}

function decodeKeys<T>(json: Json | undefined, decode: (json: Json) => T): readonly T[] {
  if (!isList(json)) invalidStructure("keys are no list");
  return json.map(decode);
}
