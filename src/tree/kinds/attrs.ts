/** `PyTreeContainer`s and their subclasses, whose keys are attributes. */
import { GetAttrKey } from "../keys/keypath.ts";
import { keystr } from "../keys/keystr.ts";
import { PyTreeContainer } from "./container.ts";
import { buildInto, makeObject, openObject, pairKeys, readNames, writeKeyed } from "./keyed.ts";
import type { Kind, Node } from "./kind.ts";

/** What attribute nodes load as. */
export type AttributesAs = "container" | "object";

export const attrs: Kind = {
  name: "attrs",
  mark: ".",
  recognises: (prototype) => prototype === PyTreeContainer.prototype || prototype instanceof PyTreeContainer,

  open: (value) => openObject(value, attrs),
  entry: ({ keys }, i) => new GetAttrKey(String(keys![i])),
  make: makeObject,
  spell: (node, children) => spellObject(PyTreeContainer.name, node, children),
  pair: pairKeys,

  write: writeKeyed,
  read: (extra) => ({ kind: attrs, mark: ".", keys: readNames(extra, "attrs") }),
  build: (branch, maker) =>
    buildInto(maker.attributes === "container" ? new PyTreeContainer() : {}, branch, maker),
};

/** An object of a class as JAX prints it. */
export function spellObject(name: string, node: Node, children: readonly string[]): string {
  return `${name}(${children.map((child, i) => `${keystr([node.kind.entry(node, i)])}: ${child}`).join(", ")})`;
}
