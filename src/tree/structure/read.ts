/** Structure metadata from its JSON: form and version, nothing yet of the tensors. */
import { describeValue } from "../../base/quote.ts";
import type { DictKeyValue, KeyPath, Mark } from "../keys/keypath.ts";
import { type Kind, kindOfName } from "../kinds/kind.ts";
import { decodePath, decodeValue, invalidStructure, isList, isObject, type Json } from "./value.ts";

/** The version of structure metadata that this package writes, and the only one that it reads. */
export const STRUCTURE_VERSION = 1;

/** The kinds of JavaScript scalars that files hold as 0-d tensors. */
export type ScalarKind = "number" | "boolean" | "bigint";

/** What structure metadata says of one node. */
export type NodeRecord =
  /** A node without a tensor, as it is called in messages and what it is. */
  { readonly what: string; readonly value: unknown } | { readonly scalar: ScalarKind } | ContainerRecord;

/** What structure metadata says of a container. */
export interface ContainerRecord {
  readonly kind: Kind;
  /** The mark of its keys. */
  readonly mark: Mark;
  /** All of its keys in an order that counts, where it says them. */
  readonly keys?: readonly DictKeyValue[];
  /** Whatever else its kind wrote. */
  readonly data?: unknown;
}

/** Structure metadata, not yet compared with the tensors. */
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
 * @throws `InvalidStructure` for what is not JSON, of another version, or not of the form that `docs/format.md` gives.
 */
export function parseStructure(text: string, maxDepth: number): Structure {
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (cause) {
    invalidStructure("is not JSON", cause);
  }
  if (!isObject(json)) invalidStructure("is not an object");
  const { version, keys, nodes = [], leaves = {} } = json;
  if (version !== STRUCTURE_VERSION) {
    invalidStructure(`expected version ${STRUCTURE_VERSION}, found ${describeValue(version)}`);
  }
  if (keys !== undefined && typeof keys !== "string") invalidStructure("keys is not a string");
  if (!isList(nodes)) invalidStructure("nodes is not a list");
  if (!isObject(leaves)) invalidStructure("leaves is not an object");
  return {
    keys,
    nodes: nodes.map((node) => {
      if (!isList(node)) invalidStructure("a node is not a list");
      return [decodePath(node[0], maxDepth), decodeRecord(node)];
    }),
    leaves: new Map(Object.entries(leaves).map(([name, path]) => [name, decodePath(path, maxDepth)])),
  };
}

function decodeRecord([, kind, extra, ...rest]: readonly Json[]): NodeRecord {
  if (rest.length > 0) invalidStructure("a node has too many items");
  switch (kind) {
    case "none":
      return { what: "a none node", value: null };
    case "number":
    case "boolean":
    case "bigint":
      return { scalar: kind };
    case "static":
      if (extra === undefined) invalidStructure("a static node has no value");
      return { what: "a static node", value: decodeValue(extra) };
    default:
      return (
        kindOfName(kind)?.read(extra) ??
        invalidStructure(`a node is of the unknown kind ${describeValue(kind)}`)
      );
  }
}
