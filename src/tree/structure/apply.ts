import { setOwn } from "../../base/dict.ts";
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { Branch, Static, type TreeBuilder, type Twig } from "../build/builder.ts";
import { type AttributesAs, newAttributes } from "../build/make-tree.ts";
import { type KeyPath, keyOf, type Mark, markOf } from "../keys/keypath.ts";
import { keystr } from "../keys/keystr.ts";
import { getRegistrationByName } from "../kinds/registry.ts";
import type { ClassRecord, ContainerRecord, NodeRecord, ScalarKind } from "./read.ts";

/** What {@link applyRecords} takes from the options of the plan. */
export interface ApplyOptions {
  readonly mode?: "auto" | "ignore" | "require" | undefined;
  readonly onWarning?: ((error: Pytree2SafetensorsError) => void) | undefined;
  readonly isScalar?: ((index: number, kind: ScalarKind) => boolean) | undefined;
}

/**
 * Adds to a tree in the making what structure metadata say of its nodes.
 *
 * @returns Which tensors are JavaScript scalars.
 * @throws `StructureMismatch` where the records and the tensors disagree.
 */
export function applyRecords(
  builder: TreeBuilder,
  nodes: readonly (readonly [path: KeyPath, record: NodeRecord])[],
  options: ApplyOptions,
): { readonly scalars: ReadonlyMap<number, ScalarKind> } {
  const scalars = new Map<number, ScalarKind>();
  const containers: (readonly [KeyPath, Branch])[] = [];
  for (const [path, record] of nodes) {
    switch (record.kind) {
      case "none":
      case "static": {
        const twig = new Static(record.kind === "static" ? record.value : null);
        if (builder.addTwig(path, twig) !== twig)
          disagree(path, `a ${record.kind} node`, "a tensor or a container");
        break;
      }
      case "number":
      case "boolean":
      case "bigint": {
        const leaf = builder.leafAt(path);
        if (leaf === undefined || scalars.has(leaf) || !(options.isScalar?.(leaf, record.kind) ?? true)) {
          disagree(path, `a ${record.kind}`, leaf === undefined ? "no tensor" : "another tensor");
        }
        scalars.set(leaf, record.kind);
        break;
      }
      default: {
        const branch = builder.addTwig(path, new Branch(markOfRecord(record), -1));
        if (!(branch instanceof Branch) || branch.record !== undefined) {
          disagree(path, `a ${record.kind}`, "something else");
        }
        if (branch.mark !== markOfRecord(record)) disagree(path, `a ${record.kind}`, "keys of another kind");
        branch.record = record;
        containers.push([path, branch]);
      }
    }
  }
  // Only now has every container all of its children.
  for (const [path, branch] of containers) checkKeys(path, branch, options);
  return { scalars };
}

function markOfRecord(record: ContainerRecord): Mark {
  if (record.kind === "class") return (record.entries[0] && markOf(record.entries[0])) ?? ".";
  return record.kind === "list" ? "#" : record.kind === "attrs" ? "." : "@";
}

function checkKeys(path: KeyPath, branch: Branch, options: ApplyOptions): void {
  const record = branch.record!;
  if (record.kind === "list") {
    for (const { key } of branch.children()) {
      if ((key as number) >= record.length) disagree(path, `a list of ${record.length}`, `an element ${key}`);
    }
    branch.length = record.length;
    return;
  }
  const keys = record.kind === "class" ? record.entries.map(keyOf) : record.keys;
  if (new Set(keys).size < keys.length) disagree(path, "each key once", "a key twice");
  const missing = keys.find((key) => branch.find(key) === undefined);
  if (missing !== undefined) disagree(path, `the key ${JSON.stringify(String(missing))}`, "no tensor there");
  if (keys.length < branch.size) disagree(path, `${keys.length} keys`, `${branch.size}`);
  if (record.kind !== "class") return;
  const registration = getRegistrationByName(record.name);
  if (registration === undefined || registration.accepts(record.aux, record.entries)) return;
  const keyPath = keystr(path);
  const error = new Pytree2SafetensorsError(
    "StructureMismatch",
    `${keyPath || "the root"}: the fields of ${JSON.stringify(record.name)} in the file are not those of the class that is registered by that name; it loads as what its keys say`,
    { keyPath },
  );
  if (options.mode === "require") throw error;
  options.onWarning?.(error);
  branch.record = { ...record, name: "" };
}

function disagree(path: KeyPath, expected: string, found: string): never {
  const keyPath = keystr(path);
  throw new Pytree2SafetensorsError(
    "StructureMismatch",
    `structure metadata does not fit the tensors at ${keyPath || "the root"}: expected ${expected}, found ${found} (was the file edited?)`,
    { keyPath, expected, found },
  );
}

/** Makes a container as its record says, or gives `undefined` where its keys say enough. */
export function makeRecorded(
  branch: Branch,
  make: (twig: Twig) => unknown,
  attributes: AttributesAs,
): { readonly value: unknown } | undefined {
  const { record } = branch;
  if (record === undefined || record.kind === "list") return undefined;
  if (record.kind === "class") return { value: makeClass(branch, record, make, attributes) };
  // A part of a file may have lost some of the children.
  const children = record.keys.flatMap((key) => branch.find(key) ?? []);
  if (record.kind === "map") return { value: new Map(children.map(({ key, twig }) => [key, make(twig)])) };
  const object: Record<string, unknown> = record.kind === "attrs" ? newAttributes(attributes) : {};
  for (const { key, twig } of children) setOwn(object, key as string, make(twig));
  return { value: object };
}

function makeClass(
  branch: Branch,
  { name, entries, aux }: ClassRecord,
  make: (twig: Twig) => unknown,
  attributes: AttributesAs,
): unknown {
  const present = entries.flatMap((entry) => branch.find(keyOf(entry)) ?? []);
  const children = present.map(({ twig }) => make(twig));
  const registration = name === "" ? undefined : getRegistrationByName(name);
  if (registration !== undefined && present.length === entries.length) {
    return registration.unflatten(aux, children, entries);
  }
  // Not known here, or not whole: what its keys say, and its static fields beside them.
  if (branch.mark === "#") {
    const list = new Array<unknown>(branch.length).fill(null);
    present.forEach(({ key }, i) => {
      list[key as number] = children[i];
    });
    return list;
  }
  const keys = present.map(({ key }) => key);
  if (keys.some((key) => typeof key !== "string")) return new Map(keys.map((key, i) => [key, children[i]]));
  const object: Record<string, unknown> = branch.mark === "." ? newAttributes(attributes) : {};
  keys.forEach((key, i) => {
    setOwn(object, String(key), children[i]);
  });
  if (branch.mark === "." && typeof aux === "object" && aux !== null && !Array.isArray(aux)) {
    for (const [field, value] of Object.entries(aux)) {
      if (!Object.hasOwn(object, field)) setOwn(object, field, value);
    }
  }
  return object;
}
