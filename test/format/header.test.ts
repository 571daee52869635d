import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPytree2SafetensorsError, type Pytree2SafetensorsError } from "../../src/base/errors.ts";
import { type Header, headerLength, MAX_HEADER_BYTES, parseHeader } from "../../src/format/header/header.ts";
import { planLayout } from "../../src/format/layout/layout.ts";
import { entriesArbitrary, expectedEnds } from "./arbitraries.ts";

function parse(text: string, dataBytes: number): Header {
  const header = new TextEncoder().encode(text);
  return parseHeader(header, 8 + header.length + dataBytes);
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
});

describe("Header", () => {
  const text =
    '{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}';

  it("numbers tensors in the order of their data, whatever the header's", () => {
    const header = parse(text, 26);
    expect(header.names).toEqual(["a", "b"]);
    expect([header.indexOf("a"), header.indexOf("b"), header.indexOf("c")]).toEqual([0, 1, -1]);
    expect([header.nameAt(0), header.nameAt(1)]).toEqual(["a", "b"]);
  });

  it("gives offsets in the file, not in the data", () => {
    const header = parse(text, 26);
    expect(header.dataStart).toBe(8 + text.length);
    expect([header.beginAt(1), header.endAt(1)]).toEqual([header.dataStart + 2, header.dataStart + 26]);
  });

  it("describes a tensor", () => {
    const header = parse(text, 26);
    expect(header.info("b")).toEqual({ dtype: "F32", shape: [2, 3], byteLength: 24 });
    expect(header.info("a")).toEqual({ dtype: "BF16", shape: [], byteLength: 2 });
    expect(header.info("toString")).toBeUndefined();
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

  it("finds names with escapes, and none that only looks alike in UTF-8", () => {
    const header = parse('{"q\\"\\u00e9\\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
    expect(header.indexOf('q"é\n')).toBe(0);
    const replaced = parse('{"\ufffd":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
    expect(replaced.indexOf("\ufffd")).toBe(0);
    expect(replaced.indexOf("\ud800")).toBe(-1);
    expect(replaced.indexOf('"')).toBe(-1);
  });

  it("is parsed from shared memory as from any other", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(text.length));
    shared.set(new TextEncoder().encode(text));
    const header = parseHeader(shared, 8 + text.length + 26);
    shared.fill(0);
    expect(header.names).toEqual(["a", "b"]);
    expect(header.metadata).toEqual({ format: "pt" });
  });

  it("is parsed from a view at any offset", () => {
    for (let offset = 0; offset < 9; offset++) {
      const bytes = new Uint8Array(text.length + offset);
      bytes.set(new TextEncoder().encode(text), offset);
      expect(parseHeader(bytes.subarray(offset), 8 + text.length + 26).names).toEqual(["a", "b"]);
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
          const header = parseHeader(head.subarray(8), totalBytes);
          expect(header.names).toEqual(Array.from(order, (i) => entries[i]!.name));
          const ends = expectedEnds(entries, order);
          for (const [i, index] of order.entries()) {
            expect(header.dtypeAt(i)).toBe(entries[index]!.dtype);
            expect(header.shapeAt(i)).toEqual(entries[index]!.shape);
            expect(header.endAt(i)).toBe(head.length + ends[i]!);
            expect(header.beginAt(i)).toBe(head.length + (i === 0 ? 0 : ends[i - 1]!));
            expect(header.indexOf(entries[index]!.name)).toBe(i);
          }
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
        const canonical = parseHeader(head.subarray(8), totalBytes);
        const text = respell(new TextDecoder("utf-8", { ignoreBOM: true }).decode(head.subarray(8)), seed);
        const respelled = parse(text, totalBytes - head.length);
        const describe = (header: Header) =>
          header.names
            .map((name, i) => [name, header.info(name), header.beginAt(i) - header.dataStart] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1));
        expect(describe(respelled)).toEqual(describe(canonical));
      }),
    );
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
    const error = refusal(() => parseHeader(Uint8Array.of(0x7b, 0x22, 0xff, 0x22), 12));
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
