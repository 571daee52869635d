/** Arrays, whose keys are list indices. */

import { isArrayPrototype } from "../../base/prototypes.ts";
import { SequenceKey } from "../keys/keypath.ts";
import { disagree } from "../messages.ts";
import { invalidStructure } from "../structure/value.ts";
import { isNone } from "../treedef.ts";
import type { Kind, Node } from "./kind.ts";

export const list: Kind = {
  name: "list",
  mark: "#",
  recognises: isArrayPrototype,
  holds: Array.isArray,

  open: (value) => [LIST, value as unknown[]],
  entry: (_, i) => new SequenceKey(i),
  make: (_, children) => children,
  spell: (_, children) => `[${children.join(", ")}]`,
  pair: () => "same",

  // A `null` before an element that has a name comes back by itself. Not by `writeKeyed`, whose frames are
  // larger: 1,500 lists in one another would not fit in the stack.
  write({ children }, entries, writer) {
    let implied = 0;
    for (let i = 0; i < children.length; i++) {
      if (isNone(children[i]!)) continue;
      writer.child(entries[i]!, children[i]!);
      implied = i + 1;
    }
    if (implied < children.length || implied === 0) writer.record("list", children.length);
  },
  read(extra) {
    if (typeof extra !== "number" || !Number.isSafeInteger(extra) || extra < 0) {
      invalidStructure("the length of a list is not a count");
    }
    return { kind: list, mark: "#", data: extra };
  },
  settle(branch, path) {
    const length = branch.record!.data as number;
    for (const { key } of branch.children()) {
      if ((key as number) >= length) disagree(path, `a list of ${length}`, `an element ${key}`);
    }
    branch.length = length;
  },
  build(branch, maker) {
    const array: unknown[] = [];
    for (let i = 0; i < branch.length; i++) array.push(null);
    for (let child = branch.first; child !== undefined; child = child.next) {
      array[child.key as number] = maker.make(child.twig);
    }
    return array;
  },
};

const LIST: Node = { kind: list, keys: undefined, data: undefined };
