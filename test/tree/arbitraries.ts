import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { setOwn } from "../../src/base/dict.ts";
import { DictKey, type DictKeyValue } from "../../src/tree/keys/keypath.ts";
import { PyTreeContainer } from "../../src/tree/kinds/container.ts";
import { registerDataclass, registerPytreeNode } from "../../src/tree/kinds/registry.ts";

/** Names that have broken things: inherited ones, empty, long, odd characters, lone surrogates, digits. */
export const plainName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "__metadata__",
    "",
    "0",
    "01",
    "10",
    "-1",
    "4294967295",
    "a",
    "b",
    "w",
    "\u{1F600}",
    "\uff5e",
    "\ud800",
    "\udfff",
    "é",
    "é",
    "\0",
    " ",
    "a/b",
    "'\"\\",
  ),
  fc.string({ unit: "binary", maxLength: 4 }).map((name) => name.replace(/[.@#]/g, "")),
);

/** Names that contain separators of key strings. */
export const separatorName: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(".", "@", "#", "a", "0", "1"),
  maxLength: 5,
});

/** Any name at all. */
export const anyName: fc.Arbitrary<string> = fc.oneof({ weight: 3, arbitrary: plainName }, separatorName);

/** A stand-in for an array: an object of a class that nothing descends into. */
export class Leaf {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

/** A registered class with static fields; files know it by name. */
export class Linear {
  weight: unknown;
  bias: unknown;
  activation: unknown;

  constructor(weight: unknown, bias: unknown, activation: unknown) {
    this.weight = weight;
    this.bias = bias;
    this.activation = activation;
  }
}
registerDataclass(Linear, {
  dataFields: ["weight", "bias"],
  metaFields: ["activation"],
  name: "test.Linear",
});

/** A registered class whose children have typed dict keys, and static data of its own. */
export class Table {
  readonly rows: readonly (readonly [DictKeyValue, unknown])[];
  readonly note: unknown;

  constructor(rows: readonly (readonly [DictKeyValue, unknown])[], note: unknown) {
    this.rows = rows;
    this.note = note;
  }
}
registerPytreeNode(Table, {
  flattenWithKeys: (table) => [
    table.rows.map(([key, value]) => [new DictKey(key), value]),
    [table.rows.map(([key]) => key), table.note],
  ],
  unflatten: (aux, children) => {
    const [keys, note] = aux as [unknown[], unknown];
    return new Table(
      children.map((child, i) => [keys[i] as DictKeyValue, child]),
      note,
    );
  },
  name: "test.Table",
});

/** Keys that a `Map` of a tree may have. */
export const dictKey: fc.Arbitrary<DictKeyValue> = fc.oneof(
  anyName,
  fc.integer(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
);

/** Static data: JSON and the numbers that JSON can't spell. */
export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, "", "relu", 1.5, -0, Number.NaN, Infinity, -Infinity, 12n),
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.oneof(anyName, fc.constantFrom("number", "bigint", "object")), tie("value")), {
        maxLength: 3,
      })
      .map(dictOf),
  ),
})).value;

/** A plain object with these own properties, whatever their names. */
export function dictOf<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  const dict: Record<string, T> = {};
  for (const [key, value] of entries) setOwn(dict, key, value);
  return dict;
}

/** Trees of arrays, scalars, strings and nulls in every container, with names of the given kind. */
export function trees(name: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  let id = 0;
  return fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, depthSize: "small" },
      { weight: 4, arbitrary: fc.constant(0).map(() => new Leaf(id++)) },
      fc.constantFrom<unknown>(null, "relu", 3, -0, Number.NaN, true, 5n),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.array(fc.tuple(name, tie("tree")), { maxLength: 4 }).map(dictOf),
      fc.array(fc.tuple(name, tie("tree")), { maxLength: 4 }).map((e) => new PyTreeContainer(dictOf(e))),
      fc
        .uniqueArray(fc.tuple(dictKey, tie("tree")), { maxLength: 3, selector: ([key]) => String(key) })
        .map((entries) => new Map(entries)),
      fc.tuple(tie("tree"), tie("tree"), json).map(([w, b, a]) => new Linear(w, b, a)),
      fc
        .tuple(
          fc.uniqueArray(fc.tuple(dictKey, tie("tree")), { maxLength: 3, selector: ([key]) => String(key) }),
          json,
        )
        .map(([rows, note]) => new Table(rows, note)),
    ),
  })).tree;
}

/** Trees that key strings alone carry: arrays in lists, dicts and attributes, nothing empty, no odd names. */
export const plainTrees: fc.Arbitrary<unknown> = (() => {
  let id = 0;
  const nonEmpty = { minLength: 1, maxLength: 4 };
  return fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, depthSize: "small" },
      { weight: 3, arbitrary: fc.constant(0).map(() => new Leaf(id++)) },
      fc
        .array(fc.oneof({ weight: 3, arbitrary: tie("tree") }, fc.constant(null)), { maxLength: 4 })
        .chain((list) => tie("tree").map((last) => [...list, last])),
      fc.array(fc.tuple(plainName, tie("tree")), nonEmpty).map(dictOf),
      fc
        .array(
          fc.tuple(
            plainName.filter((name) => name !== ""),
            tie("tree"),
          ),
          nonEmpty,
        )
        .map((entries) => new PyTreeContainer(dictOf(entries))),
    ),
  })).tree;
})();

/** Whether a value is the very same tree; the test runner's own equality trips over keys named "constructor". */
export function same(tree: unknown): (other: unknown) => boolean {
  return (other) => isDeepStrictEqual(other, tree);
}
