/** Objects of classes that the program does not know, kept as they are in the file. */
import type { KeyEntry } from "../keys/keypath.ts";
import type { Registration } from "./registry.ts";

/**
 * An object of a class that no program here has registered, as `loadPytree` gives it under
 * `{ unknownClasses: "opaque" }`. Functions on trees descend into it, and saving writes the very record that it came
 * from.
 */
export class OpaqueNode {
  /** What files call the class. */
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

/** How the opaque nodes of one class are taken apart and made. */
export function opaqueRegistration(name: string): Registration {
  return {
    name,
    className: name,
    dataclass: false,
    opaque: true,
    flatten: (node) => [(node as OpaqueNode).children, (node as OpaqueNode).aux],
    unflatten: (aux, children, keys) =>
      new OpaqueNode(
        name,
        keys.map((key, i) => [key, children[i]] as const),
        aux,
      ),
    accepts: () => true,
  };
}
