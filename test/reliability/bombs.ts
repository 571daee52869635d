import type { ErrorCode } from "pytree2safetensors";
import { fileOf } from "./files.ts";

/** A tree made to cost more than the size of its file tells. */
export interface TreeBomb {
  readonly name: string;
  /** The code that refuses it, `undefined` where it gives a tree. */
  readonly code?: ErrorCode;
  /** A file of about `size` bytes. */
  readonly file: (size: number) => Uint8Array<ArrayBuffer>;
}

// What the header spends on an entry besides its name.
const ENTRY_BYTES = 50;

/** As many names as fit. */
function names(size: number, nameOf: (i: number) => string): string[] {
  const list: string[] = [];
  for (let bytes = 0; bytes < size; bytes += ENTRY_BYTES + list.at(-1)!.length)
    list.push(nameOf(list.length));
  return list;
}

function named(nameOf: (i: number) => string) {
  return (size: number) => fileOf(names(size, nameOf));
}

/** A file of one tensor `@a` and structure metadata of as many items as fit. */
function structured(itemOf: (i: number) => unknown, wrap: (items: readonly unknown[]) => unknown) {
  return (size: number) => {
    const items: unknown[] = [];
    for (let bytes = 0; bytes < size; ) {
      const item = itemOf(items.length);
      items.push(item);
      bytes += JSON.stringify(JSON.stringify(item)).length;
    }
    return fileOf(["@a"], JSON.stringify(wrap(items)));
  };
}

const nodes = (items: readonly unknown[]) => ({ version: 1, nodes: items });

function nested(open: string, close: string) {
  return (size: number) => {
    const depth = Math.floor(size / (open.length + close.length + 2));
    const value = `${open.repeat(depth)}${open.endsWith(":") ? 1 : ""}${close.repeat(depth)}`;
    return fileOf(["@a"], `{"version":1,"nodes":[[[["@","b"]],"static",${value}]]}`);
  };
}

const letters = (i: number) => i.toString(36).padStart(5, "0");
const backwards = (i: number) => letters(36 ** 4 - i);
// A walk that meets each number below a prime once, in no order.
const shuffled = (i: number) => letters((i * 7_368_787) % 15_485_863);

/** Every bomb; those without a code are trees that are as large as they are. */
export const BOMBS: readonly TreeBomb[] = [
  {
    name: "attributes in attributes, a.a.a…",
    code: "DepthLimit",
    file: (size) => fileOf([`a${".a".repeat(size / 2)}`]),
  },
  { name: "dicts in dicts, @a@a@a…", code: "DepthLimit", file: (size) => fileOf(["@a".repeat(size / 2)]) },
  { name: "lists in lists, #0#0#0…", code: "DepthLimit", file: (size) => fileOf(["#0".repeat(size / 2)]) },
  { name: "nothing but separators", code: "DepthLimit", file: (size) => fileOf(["@".repeat(size)]) },
  { name: "one very long name", file: (size) => fileOf(["a".repeat(size)]) },
  { name: "one very long index", code: "InvalidKeyString", file: (size) => fileOf([`#${"1".repeat(size)}`]) },
  {
    name: "combs of attributes as deep as they may be",
    file: named((i) => `${letters(i)}${".a".repeat(999)}`),
  },
  { name: "combs of dicts as deep as they may be", file: named((i) => `@${letters(i)}${"@".repeat(999)}`) },
  { name: "combs of lists as deep as they may be", file: named((i) => `#${i}${"#0".repeat(999)}`) },
  { name: "a comb whose teeth part at the end", file: named((i) => `${"@".repeat(998)}@${letters(i)}`) },
  { name: "siblings in a dict", file: named((i) => `@${letters(i)}`) },
  { name: "siblings in a dict, backwards", file: named((i) => `@${backwards(i)}`) },
  { name: "siblings in a dict, shuffled", file: named((i) => `@${shuffled(i)}`) },
  { name: "siblings in attributes, shuffled", file: named(shuffled) },
  { name: "siblings in a list", file: named((i) => `#${i}`) },
  { name: "a list from its end", file: (size) => fileOf(names(size, (i) => `#${i}`).reverse()) },
  { name: "keys of a dict that look like indices", file: named((i) => `@${i}`) },
  { name: "keys that look like indices far apart", file: named((i) => `@${i * 1023}`) },
  {
    name: "keys that look like indices very far apart",
    file: named((i) => `@${4_294_967_294 - i * 1_000_003}`),
  },
  { name: "lists of one element", file: named((i) => `@${shuffled(i)}#0`) },
  { name: "lists of one gap", file: named((i) => `@${shuffled(i)}#1`) },
  { name: "lists of ten thousand gaps", code: "GapLimit", file: named((i) => `@${letters(i)}#10000`) },
  { name: "two branches that take turns", file: named((i) => `@${"ab"[i % 2]}@${shuffled(i)}`) },
  {
    name: "a conflict at the very end",
    code: "KeyConflict",
    file: (size) => fileOf([...names(size, (i) => `@${letters(i)}`), "#0"]),
  },
  { name: "nothing, in many places", file: structured((i) => [[["@", letters(i)]], "none"], nodes) },
  {
    name: "nothing, in one list",
    file: structured(
      (i) => [
        [
          ["@", "b"],
          ["#", i],
        ],
        "none",
      ],
      nodes,
    ),
  },
  {
    name: "nothing, deep down",
    file: structured((i) => [[...Array<unknown>(900).fill(["@", ""]), ["@", letters(i)]], "none"], nodes),
  },
  {
    name: "places of nothing on long ways of their own",
    file: structured((i) => [Array<unknown>(900).fill(["@", letters(i)]), "none"], nodes),
  },
  {
    name: "the same node again and again",
    code: "StructureMismatch",
    file: structured(() => [[["@", "b"]], "none"], nodes),
  },
  {
    name: "a dict of many keys that are not there",
    code: "StructureMismatch",
    file: structured(letters, (keys) => nodes([[[], "dict", keys]])),
  },
  {
    name: "a dict of one key again and again",
    code: "StructureMismatch",
    file: structured(
      () => "a",
      (keys) => nodes([[[], "dict", keys]]),
    ),
  },
  {
    name: "a class of many fields that are not there",
    code: "StructureMismatch",
    file: structured(
      (i) => [".", letters(i)],
      (keys) => nodes([[[["@", "b"]], "class", { name: "C", keys }]]),
    ),
  },
  {
    name: "leaves that the file has not",
    code: "StructureMismatch",
    file: structured(letters, (keys) => ({
      version: 1,
      leaves: Object.fromEntries(keys.map((key) => [key, []])),
    })),
  },
  {
    name: "a static list of nothing",
    file: structured(
      () => 0,
      (items) => nodes([[[["@", "b"]], "static", items]]),
    ),
  },
  {
    name: "a static list of empty objects",
    file: structured(
      () => ({}),
      (items) => nodes([[[["@", "b"]], "static", items]]),
    ),
  },
  {
    name: "a static list of empty lists",
    file: structured(
      () => [],
      (items) => nodes([[[["@", "b"]], "static", items]]),
    ),
  },
  {
    name: "static bigints of a thousand digits",
    file: structured(
      () => ({ bigint: "9".repeat(1000) }),
      (items) => nodes([[[["@", "b"]], "static", items]]),
    ),
  },
  {
    name: "a bigint of many digits",
    code: "InvalidStructure",
    file: structured(
      () => "9".repeat(100),
      (items) => nodes([[[["@", "b"]], "static", { bigint: items.join("") }]]),
    ),
  },
  { name: "static lists in lists", code: "InvalidStructure", file: nested("[", "]") },
  { name: "static objects in objects", code: "InvalidStructure", file: nested('{"a":', "}") },
  {
    name: "structure metadata of white space",
    code: "InvalidStructure",
    file: (size) => fileOf(["@a"], " ".repeat(size)),
  },
];
