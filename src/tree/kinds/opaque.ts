/** Objects of classes that the program does not know, kept as they are in the file. */
import type { KeyEntry } from "../keys/keypath.ts";
import type { Registration } from "./registry.ts";

/**
 * An object of an unregistered class, as `loadPytree` returns it with `{ unknownClasses: "opaque" }`. Tree functions
 * descend into it, and saving writes the same class and static data that were loaded.
 */
export class OpaqueNode {
  /** The name of the class in files. */
  readonly name: string;
  /** Its children with their keys. */
  readonly children: readonly (readonly [key: KeyEntry, child: unknown])[];
  /** Its static data. */
  readonly aux: unknown;

  constructor(name: string, children: readonly (readonly [key: KeyEntry, child: unknown])[], aux?: unknown) {
    this.name = name;
    this.children = children;
    this.aux = aux;
  }
}

/** How opaque nodes are taken apart and made. */
export const OPAQUE: Registration = {
  name: undefined,
  className: "OpaqueNode",
  flatten: (node) => [(node as OpaqueNode).children, (node as OpaqueNode).aux],
  unflatten: (aux, children, keys, name) =>
    new OpaqueNode(
      name!,
      keys.map((key, i) => [key, children[i]] as const),
      aux,
    ),
};
