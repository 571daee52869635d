import type { ErrorCode } from "../../src/base/errors.ts";
import { isSpecial, mix } from "../../src/format/header/keyset.ts";

/** A header made to cost as much as its size allows. */
export interface Bomb {
  readonly name: string;
  /** The code that refuses it, `undefined` if it is valid. */
  readonly code: ErrorCode | undefined;
  /** How many bytes of data the file has. */
  readonly dataBytes?: (size: number) => number;
  /** The pieces of a header of about `size` bytes. */
  readonly pieces: (size: number) => Generator<string, void, undefined>;
}

const entry = (name: string, shape: string, begin: number, end: number) =>
  `"${name}":{"dtype":"U8","shape":[${shape}],"data_offsets":[${begin},${end}]}`;

export const BOMBS: readonly Bomb[] = [
  {
    name: "ten million entries on one range, as far as they fit",
    code: "InvalidOffset",
    dataBytes: () => 4,
    pieces: onOneRange("4", 4),
  },
  {
    name: "a hundred thousand large tensors on one range",
    code: "InvalidOffset",
    dataBytes: () => 2 ** 40,
    pieces: onOneRange(`${2 ** 40}`, 2 ** 40),
  },
  { name: "as many empty tensors as fit", code: undefined, pieces: onOneRange("0", 0) },
  {
    name: "empty tensors with names in escapes",
    code: undefined,
    pieces: object((i) => entry(`\\u0061${i}`, "0", 0, 0)),
  },
  {
    name: "tensors in reversed order of their offsets",
    code: undefined,
    pieces: reversed,
    dataBytes: reversedCount,
  },
  {
    name: "entries without fields",
    code: "InvalidHeaderDeserialization",
    pieces: object((i) => `"${i.toString(36)}":{}`),
  },
  {
    name: "one name again and again",
    code: "InvalidHeaderDeserialization",
    pieces: object(() => entry("a", "0", 0, 0)),
  },
  { name: "names that collide in the table of names", code: undefined, pieces: colliding },
  {
    name: "offsets beyond 2^53",
    code: "InvalidOffset",
    pieces: object(
      (i) => `"${i}":{"dtype":"U8","shape":[1],"data_offsets":[9007199254740993,9007199254740993]}`,
    ),
  },
  {
    name: "arrays in arrays without end",
    code: "InvalidHeaderDeserialization",
    pieces: inEntry(() => "[", ""),
  },
  {
    name: "objects in objects without end",
    code: "InvalidHeaderDeserialization",
    pieces: inEntry(() => '{"a":', ""),
  },
  {
    name: "a long array in an unknown field",
    code: undefined,
    pieces: inEntry((i) => (i === 0 ? "[0" : ",0"), "]"),
  },
  {
    name: "a number of nothing but digits",
    code: "InvalidHeaderDeserialization",
    pieces: inEntry(() => "1111111111111111", ""),
  },
  {
    name: "a long number that a double can hold",
    code: undefined,
    pieces: inEntry((i) => (i === 0 ? "0." : "0000000000000001"), ""),
  },
  {
    name: "tiny objects in an unknown field",
    code: undefined,
    pieces: inEntry((i) => (i === 0 ? "[{}" : ',{"a":{"b":0,"c":1}}'), "]"),
  },
  {
    name: "one object of many keys in an unknown field",
    code: undefined,
    pieces: inEntry((i) => (i === 0 ? '{"":0' : `,"${i.toString(36)}":0`), "}"),
  },
  {
    name: "many unknown fields",
    code: undefined,
    pieces: inEntry((i) => (i === 0 ? "0" : `,".${i.toString(36)}":0`), ""),
  },
  { name: "a shape of a great many ones", code: "TensorInvalidInfo", pieces: shape },
  { name: "metadata of many keys", code: undefined, pieces: metadata },
  { name: "white space", code: "InvalidHeaderDeserialization", pieces: repeat("                ") },
  { name: "quotes", code: "InvalidHeaderDeserialization", pieces: repeat('{"\\"\\"\\"\\"\\"\\"\\"\\"') },
  { name: "a name of one letter repeated", code: "InvalidHeaderDeserialization", pieces: longName },
];

/** The bytes of a bomb's header. */
export function build({ pieces }: Bomb, size: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(size + 4096);
  const encoder = new TextEncoder();
  let used = 0;
  for (const piece of pieces(size)) used += encoder.encodeInto(piece, header.subarray(used)).written;
  return header.slice(0, used);
}

function onOneRange(dims: string, end: number) {
  return object((i) => entry(i.toString(36), dims, 0, end));
}

function object(member: (i: number) => string | undefined) {
  return function* (size: number): Generator<string, void, undefined> {
    let length = 0;
    for (let i = 0; length < size - 200; i++) {
      const next = member(i);
      if (next === undefined) break;
      const text = `${i === 0 ? "{" : ","}${next}`;
      length += text.length;
      yield text;
    }
    yield "}";
  };
}

function reversedCount(size: number): number {
  return Math.floor(size / 80);
}

function* reversed(size: number): Generator<string, void, undefined> {
  for (let i = reversedCount(size); i > 0; i--) {
    yield `${i === reversedCount(size) ? "{" : ","}${entry(i.toString(36), "1", i - 1, i)}`;
  }
  yield "}";
}

function inEntry(repeated: (i: number) => string, end: string) {
  return function* (size: number): Generator<string, void, undefined> {
    yield '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":';
    let length = 0;
    for (let i = 0; length < size - 100; i++) {
      const text = repeated(i);
      length += text.length;
      yield text;
    }
    yield `${end}}}`;
  };
}

function* shape(size: number): Generator<string, void, undefined> {
  yield '{"a":{"dtype":"U8","shape":[1';
  for (let length = 0; length < size - 100; length += 2) yield ",1";
  yield '],"data_offsets":[0,0]}}';
}

function* metadata(size: number): Generator<string, void, undefined> {
  yield '{"__metadata__":{"":""';
  let length = 0;
  for (let i = 0; length < size - 100; i++) {
    const text = `,"${i.toString(36)}":""`;
    length += text.length;
    yield text;
  }
  yield "}}";
}

function repeat(text: string) {
  return function* (size: number): Generator<string, void, undefined> {
    for (let length = 0; length < size; length += text.length) yield text;
  };
}

function* longName(size: number): Generator<string, void, undefined> {
  yield '{"';
  for (let length = 0; length < size; length += 16) yield "aaaaaaaaaaaaaaaa";
  yield '":0}';
}

// Names of eight letters whose hashes are all the same: the second four letters undo what the first did. One in
// sixty tries gives letters that need no escape.
function* colliding(size: number): Generator<string, void, undefined> {
  const names = collidingNames();
  yield* object(() => {
    const { value, done } = names.next();
    return done ? undefined : entry(value, "0", 0, 0);
  })(size);
}

/** Names of eight letters that have one hash, more than a million of them. */
export function* collidingNames(): Generator<string, void, undefined> {
  const letters = new Uint8Array(8);
  const view = new DataView(letters.buffer);
  const decoder = new TextDecoder();
  for (let i = 0; i < 92 ** 4; i++) {
    for (let k = 0, rest = i; k < 4; k++) {
      letters[k] = 0x23 + (rest % 92);
      rest = Math.floor(rest / 92);
    }
    view.setInt32(4, mix(0, view.getInt32(0, true)) ^ 0x41424344, true);
    if (!isSpecial(view.getInt32(0, true)) && !isSpecial(view.getInt32(4, true)))
      yield decoder.decode(letters);
  }
}
