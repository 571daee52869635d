/** Plain objects, whose keys are dict keys. */

import { isPlainPrototype } from "../../base/prototypes.ts";
import { DictKey } from "../keys/keypath.ts";
import { repr } from "../keys/keystr.ts";
import { buildInto, makeObject, openObject, pairKeys, readNames, writeKeyed } from "./keyed.ts";
import type { Kind } from "./kind.ts";

export const dict: Kind = {
  name: "dict",
  mark: "@",
  recognises: isPlainPrototype,

  open: (value) => openObject(value, dict),
  entry: ({ keys }, i) => new DictKey(keys![i]!),
  make: makeObject,
  spell: ({ keys }, children) => `{${children.map((child, i) => `${repr(keys![i]!)}: ${child}`).join(", ")}}`,
  pair: pairKeys,

  write: writeKeyed,
  read: (extra) => ({ kind: dict, mark: "@", keys: readNames(extra, "dict") }),
  build: (branch, maker) => buildInto({}, branch, maker),
};
