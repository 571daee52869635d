/** The one walk up: makes the tree that a builder has planned. */
import type { AttributesAs } from "../kinds/attrs.ts";
import { kindOfMark } from "../kinds/kind.ts";
import { Branch, Static, type Twig } from "./branch.ts";

/** Makes what stands in a tree in the making. Its depth is bounded by the builder's limit. */
export class Maker<R> {
  readonly attributes: AttributesAs;
  readonly #leafOf: (tensor: R) => unknown;

  constructor(leafOf: (tensor: R) => unknown, attributes: AttributesAs) {
    this.#leafOf = leafOf;
    this.attributes = attributes;
  }

  make(twig: Twig<R>): unknown {
    if (twig instanceof Branch) return (twig.record?.kind ?? kindOfMark(twig.mark)).build(twig, this);
    return twig instanceof Static ? twig.value : this.#leafOf(twig);
  }
}
