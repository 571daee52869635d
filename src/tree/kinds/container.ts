import { setOwn } from "../../base/dict.ts";

class Container {
  // Attributes are own enumerable properties, whatever their names.
  [name: string]: unknown;

  constructor(attrs: object = {}) {
    for (const [name, value] of Object.entries(attrs)) setOwn(this, name, value);
  }
}
// Consoles print the name of the class before its attributes.
Object.defineProperty(Container, "name", { value: "PyTreeContainer" });

/**
 * An object whose attributes are children of a pytree. Attribute nodes (`.name`) of a file load as this class. Attributes
 * are own enumerable properties, and any name is safe, including `__proto__` and `constructor`.
 *
 * @typeParam A The attributes, if they are known.
 * @example
 * ```ts
 * const layer = new PyTreeContainer({ weight: new Float32Array(4), bias: 0 });
 * layer.weight; // Float32Array
 * ```
 */
export type PyTreeContainer<A extends object = Record<string, unknown>> = Container & A;

/** Makes {@link PyTreeContainer}s: `new PyTreeContainer(attrs?)` copies the own enumerable properties of `attrs`. */
export const PyTreeContainer = Container as {
  new <A extends object = Record<string, unknown>>(attrs?: A): PyTreeContainer<A>;
  readonly prototype: PyTreeContainer;
};
