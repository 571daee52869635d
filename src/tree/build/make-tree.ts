/** The one walk up: makes the tree that a builder has planned. */
import type { AttributesAs } from "../kinds/attrs.ts";
import { kindOfMark } from "../kinds/kind.ts";
import { Branch, Static, type Twig } from "./branch.ts";

/** How containers are made. */
export interface MakeOptions {
  /** What attribute nodes become: `"container"`, a `PyTreeContainer`, by default. */
  readonly attributes?: AttributesAs | undefined;
  /**
   * What objects of classes become that the program has not registered: what their keys say (`"container"`, the
   * default), or an `OpaqueNode` that saves again exactly as it was.
   */
  readonly unknownClasses?: "container" | "opaque" | undefined;
}

/** Makes what stands in a tree in the making. Its depth is bounded by the builder's limit. */
export class Maker<R> {
  readonly attributes: AttributesAs;
  readonly unknownClasses: "container" | "opaque";
  readonly #leafOf: (tensor: R) => unknown;

  constructor(
    leafOf: (tensor: R) => unknown,
    { attributes = "container", unknownClasses = "container" }: MakeOptions,
  ) {
    this.#leafOf = leafOf;
    this.attributes = attributes;
    this.unknownClasses = unknownClasses;
  }

  make(twig: Twig<R>): unknown {
    if (twig instanceof Branch) return (twig.record?.kind ?? kindOfMark(twig.mark)).build(twig, this);
    return twig instanceof Static ? twig.value : this.#leafOf(twig);
  }
}
