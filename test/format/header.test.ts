import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPytree2SafetensorsError, type Pytree2SafetensorsError } from "../../src/base/errors.ts";
import { type Header, parseHeader } from "../../src/format/header/header.ts";
import { headerLength, MAX_HEADER_BYTES } from "../../src/format/header/prefix.ts";
import { planLayout } from "../../src/format/layout/layout.ts";
import { entriesArbitrary, expectedEnds } from "./arbitraries.ts";

function parse(text: string, dataBytes: number): Header {
  const header = new TextEncoder().encode(text);
  return parseHeader(header, 8 + header.length + dataBytes, undefined);
}

/** The tensors of a file of U8 tensors that lie in the order given. */
function fileOf(
  entries: readonly {
    readonly name: string;
    readonly shape: string;
    readonly size: number;
    readonly escaped?: boolean;
  }[],
): Header["tensors"] {
  let end = 0;
  const members = entries.map(({ name, shape, size, escaped }) => {
    const begin = end;
    end += size;
    const units = Array.from({ length: name.length }, (_, i) => name.charCodeAt(i));
    const key = escaped
      ? `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`
      : JSON.stringify(name);
    return `${key}:{"dtype":"U8","shape":${shape},"data_offsets":[${begin},${end}]}`;
  });
  return parse(`{${members.join(",")}}`, end).tensors;
}

function refusal(run: () => unknown): Pytree2SafetensorsError {
  try {
    run();
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("headerLength", () => {
  const prefix = (length: bigint) => new Uint8Array(new BigUint64Array([length]).buffer);

  it("reads a little-endian u64", () => {
    expect(headerLength(prefix(0x0102n), 1000)).toBe(258);
  });

  it("reads it from a view that starts anywhere in its buffer", () => {
    const bytes = new Uint8Array(13);
    bytes[5] = 3;
    expect(headerLength(bytes.subarray(5), 100)).toBe(3);
  });

  it("takes a header of exactly the limit and of exactly the file", () => {
    expect(headerLength(prefix(BigInt(MAX_HEADER_BYTES)), 2 ** 40)).toBe(MAX_HEADER_BYTES);
    expect(headerLength(prefix(92n), 100)).toBe(92);
  });

  it.each([
    ["HeaderTooSmall", new Uint8Array(7), 7],
    ["HeaderTooSmall", new Uint8Array(8), 4],
    ["HeaderTooLarge", prefix(100_000_001n), 2 ** 40],
    ["HeaderTooLarge", prefix(2n ** 64n - 1n), 100],
    ["InvalidHeaderLength", prefix(93n), 100],
  ] as const)("throws %s", (code, bytes, fileSize) => {
    expect(refusal(() => headerLength(bytes, fileSize))).toMatchObject({ code });
  });

  it.each([
    [new Uint8Array(3), 3, { expected: "at least 8 bytes", found: "3 bytes" }],
    [prefix(1n), 4, { expected: "at least 8 bytes", found: "4 bytes" }],
    [prefix(100_000_001n), 2 ** 40, { expected: "at most 100000000 bytes", found: "100000001 bytes" }],
    [prefix(20n), 10, { expected: "20 bytes", found: "2 bytes" }],
  ])("says what it expected and what it found: %#", (bytes, fileSize, fields) => {
    expect(refusal(() => headerLength(bytes, fileSize))).toMatchObject(fields);
  });
});

describe("Header", () => {
  const text =
    '{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}';

  it("has the tensors in the order of their data, whatever the header's, with offsets in the file", () => {
    const header = new TextEncoder().encode(text);
    const file = { path: "model.safetensors" };
    const { dataStart, tensors } = parseHeader(header, 8 + header.length + 26, file);
    expect(dataStart).toBe(8 + text.length);
    expect(tensors).toEqual([
      { name: "a", dtype: "BF16", shape: [], start: dataStart, end: dataStart + 2, file },
      { name: "b", dtype: "F32", shape: [2, 3], start: dataStart + 2, end: dataStart + 26, file },
    ]);
    expect(tensors.every((tensor) => tensor.file === file)).toBe(true);
  });

  it("shares one frozen array among equal shapes, however they are spelled", () => {
    const shapes = ["[2,3]", "[3,2]", "[\t2 , 3 ]", "[6]", "[]", "[1,2,3]", "[ ]", "[2,3]"];
    const entries = shapes.map((shape, i) => {
      const size = JSON.parse(shape).reduce((product: number, length: number) => product * length, 1);
      return { name: `${i}`, shape, size };
    });
    const [a, b, spaced, six, scalar, , spacedScalar, again] = fileOf(entries).map(({ shape }) => shape);
    expect([a, b, six, scalar]).toEqual([[2, 3], [3, 2], [6], []]);
    expect(spaced).toBe(a);
    expect(again).toBe(a);
    expect(spacedScalar).toBe(scalar);
    expect([a, b, six, scalar].every(Object.isFrozen)).toBe(true);
  });

  it("reads shapes of any number of dimensions, and any number of shapes", () => {
    const ones = `[${"1,".repeat(200)}7, 3]`;
    expect(fileOf([{ name: "a", shape: ones, size: 21 }])[0]!.shape).toEqual([...Array(200).fill(1), 7, 3]);
    const entries = Array.from({ length: 20_000 }, (_, i) => ({ name: `${i}`, shape: `[0,${i}]`, size: 0 }));
    const tensors = fileOf(entries);
    expect(tensors.every(({ shape }, i) => shape[0] === 0 && shape[1] === i && Object.isFrozen(shape))).toBe(
      true,
    );
  });

  it("reads sizes and offsets beyond 32 bits", () => {
    const entries = [
      { name: "a", shape: `[${2 ** 31}]`, size: 2 ** 31 },
      { name: "b", shape: `[0,${2 ** 52 + 1}]`, size: 0 },
      { name: "c", shape: `[2,${2 ** 40 + 1}]`, size: 2 ** 41 + 2 },
    ];
    const [a, b, c] = fileOf(entries);
    expect([a!.shape, b!.shape, c!.shape]).toEqual([[2 ** 31], [0, 2 ** 52 + 1], [2, 2 ** 40 + 1]]);
    expect(a!.end).toBe(a!.start + 2 ** 31);
    expect(c!.end).toBe(a!.end + 2 ** 41 + 2);
  });

  it("decodes every name, long or short, plain, escaped or beyond ASCII", () => {
    const names = [
      "",
      "a",
      "\ufeffb",
      'q"é\n',
      "\\n",
      "\ufffd",
      "x".repeat(4095),
      "y".repeat(4096),
      "é".repeat(3000),
      "😀",
    ];
    const filler = Array.from({ length: 3000 }, (_, i) => `layers#${i}${names[i % 6]}`);
    const all = [...names, ...filler, ...names.map((name) => `${name}.`)];
    const entries = all.map((name) => ({ name, shape: "[1]", size: 1 }));
    expect(fileOf(entries).map(({ name }) => name)).toEqual(all);
    expect(fileOf(entries.toReversed()).map(({ name }) => name)).toEqual(all.toReversed());
    const escaped = entries.map(({ name }) => ({ name, shape: "[1]", size: 1, escaped: true }));
    expect(fileOf(escaped).map(({ name }) => name)).toEqual(all);
  });

  it("has metadata, or undefined where there is none or null", () => {
    expect(parse(text, 26).metadata).toEqual({ format: "pt" });
    expect(parse('{"__metadata__":{}}', 0).metadata).toEqual({});
    expect(parse('{"__metadata__":null}', 0).metadata).toBeUndefined();
    expect(parse("{}", 0).metadata).toBeUndefined();
  });

  it("has metadata keys as own properties, whatever they are called", () => {
    const metadata = parse('{"__metadata__":{"__proto__":"a","constructor":"b"}}', 0).metadata!;
    expect(Object.entries(metadata)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  it("is parsed from shared memory as from any other", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(text.length));
    shared.set(new TextEncoder().encode(text));
    const { tensors, metadata } = parseHeader(shared, 8 + text.length + 26, undefined);
    shared.fill(0);
    expect(tensors.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(metadata).toEqual({ format: "pt" });
  });

  it("is parsed from a view at any offset", () => {
    for (let offset = 0; offset < 9; offset++) {
      const bytes = new Uint8Array(text.length + offset);
      bytes.set(new TextEncoder().encode(text), offset);
      const { tensors } = parseHeader(bytes.subarray(offset), 8 + text.length + 26, undefined);
      expect(tensors.map(({ name }) => name)).toEqual(["a", "b"]);
    }
  });
});

describe("parseHeader", () => {
  it("gives back every layout", () => {
    fc.assert(
      fc.property(
        entriesArbitrary,
        fc.option(fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })), {
          nil: undefined,
        }),
        (entries, metadata) => {
          const { head, order, totalBytes } = planLayout(entries, metadata);
          const header = parseHeader(head.subarray(8), totalBytes, undefined);
          const ends = expectedEnds(entries, order);
          const expected = Array.from(order, (index, i) => {
            const start = head.length + (i === 0 ? 0 : ends[i - 1]!);
            return { ...entries[index]!, start, end: head.length + ends[i]!, file: undefined };
          });
          expect(header.tensors).toEqual(expected);
          expect(header.metadata).toEqual(metadata);
        },
      ),
    );
  });

  it("reads the same whatever the white space, the order of fields and the order of entries", () => {
    const seeds = fc.array(fc.nat(), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(entriesArbitrary, seeds, (entries, seed) => {
        const { head, totalBytes } = planLayout(entries);
        const canonical = parseHeader(head.subarray(8), totalBytes, undefined);
        const text = respell(new TextDecoder("utf-8", { ignoreBOM: true }).decode(head.subarray(8)), seed);
        const respelled = parse(text, totalBytes - head.length);
        const describe = ({ tensors, dataStart }: Header) =>
          tensors
            .map(({ start, end, ...rest }) => ({ ...rest, start: start - dataStart, end: end - dataStart }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));
        expect(describe(respelled)).toEqual(describe(canonical));
      }),
    );
  });

  it("keeps the header's order among tensors of no bytes at one offset", () => {
    const entry = (name: string, begin: number, end: number) =>
      `"${name}":{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    const empty = Array.from({ length: 40 }, (_, i) => `e${(i * 17) % 40}`);
    const members = [entry("last", 2, 4), ...empty.map((name) => entry(name, 2, 2)), entry("first", 0, 2)];
    const { tensors } = parse(`{${members.join(",")}}`, 4);
    expect(tensors.map(({ name }) => name)).toEqual(["first", ...empty, "last"]);
  });

  it("tells all that is wrong at once, the first in the reference's order first", () => {
    const error = refusal(() =>
      parse(
        '{"a":{"dtype":"F32","shape":[4,4],"data_offsets":[0,60]},"b":{"dtype":"F4","shape":[3],"data_offsets":[61,63]}}',
        70,
      ),
    );
    expect(error.message).toBe(
      'tensor "a": expected 64 bytes, F32 of shape `[4,4]`, found data_offsets [0,60] (and 3 more)',
    );
    expect(error).toMatchObject({ code: "TensorInvalidInfo", tensor: "a" });
    expect(error.faults.map(({ code, tensor }) => [code, tensor])).toEqual([
      ["TensorInvalidInfo", "a"],
      ["InvalidOffset", "b"],
      ["MisalignedSlice", "b"],
      ["MetadataIncompleteBuffer", undefined],
    ]);
  });

  it.each([
    [1, "", 1],
    [2, " (and 1 more)", 2],
    [100, " (and 99 more)", 100],
    [101, " (and over 99 more)", 100],
    [500, " (and over 99 more)", 100],
  ])("tells %i faults in a message that ends with '%s' and %i faults", (count, ending, kept) => {
    const entries = Array.from({ length: count }, (_, i) => `"t${i}":7`);
    const { message, faults } = refusal(() => parse(`{${entries.join(",")}}`, 0));
    expect(message).toBe(
      `tensor "t0": expected an object with dtype, shape and data_offsets, found \`7\`${ending}`,
    );
    expect(faults.map(({ tensor }) => tensor)).toEqual(Array.from({ length: kept }, (_, i) => `t${i}`));
  });

  it("tells all entries of the wrong form at once", () => {
    const error = refusal(() => parse('{"a":{"dtype":"F33","shape":[1.0]},"b":7,"c":{"x":1,"x":2}}', 0));
    expect(error.code).toBe("InvalidHeaderDeserialization");
    expect(error.faults.map(({ tensor, found }) => [tensor, found])).toEqual([
      ["a", 'the unknown dtype "F33"'],
      ["a", "`1.0`"],
      ["a", "no data_offsets"],
      ["b", "`7`"],
      ["c", 'the key "x" twice in one object'],
      ["c", "no dtype, shape, data_offsets"],
    ]);
  });

  it("keeps messages short, and their number small", () => {
    const name = "n".repeat(10_000);
    const entries = Array.from(
      { length: 500 },
      (_, i) => `"${name}${i}":{"dtype":"U8","shape":[],"data_offsets":[7,8]}`,
    );
    const error = refusal(() => parse(`{${entries.join(",")}}`, 8));
    expect(error.faults.length).toBe(100);
    expect(error.message).toMatch(/\(and over 99 more\)$/);
    expect(error.message.length).toBeLessThan(300);
    expect(error.tensor).toBe(`${name}0`);
  });

  it("says where JSON goes wrong", () => {
    const error = refusal(() => parse('{"a" 7}', 0));
    expect(error.message).toBe("invalid JSON at byte 5: expected `:`, found `7}`");
  });

  it("says where UTF-8 goes wrong", () => {
    const error = refusal(() => parseHeader(Uint8Array.of(0x7b, 0x22, 0xff, 0x22), 12, undefined));
    expect(error).toMatchObject({ code: "InvalidHeader", found: "0xff at byte 2" });
  });
});

// The same header, spelled otherwise: tokens spaced out, fields and entries in another order.
function respell(json: string, seed: readonly number[]): string {
  let n = 0;
  const next = () => seed[n++ % seed.length]!;
  const space = () => ["", " ", "\n", "\t\r "][next() % 4]!;
  const shuffled = <T>(items: T[]): T[] =>
    items
      .map((item) => [next() + n, item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  const object = (members: readonly (readonly [string, string])[]) =>
    `${space()}{${space()}${members.map(([key, value]) => `${JSON.stringify(key)}${space()}:${space()}${value}`).join(`${space()},${space()}`)}${space()}}${space()}`;
  const numbers = (list: readonly number[]) => `[${space()}${list.join(`${space()},${space()}`)}${space()}]`;
  const entries = Object.entries(
    JSON.parse(json) as Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>,
  );
  return object(
    shuffled(entries).map(([name, { dtype, shape, data_offsets }]) => [
      name,
      object(
        shuffled([
          ["dtype", JSON.stringify(dtype)],
          ["shape", numbers(shape)],
          ["data_offsets", numbers(data_offsets)],
        ]),
      ),
    ]),
  );
}
