import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LayoutEntry, planLayout } from "../../src/format/layout/layout.ts";
import { DTYPE_NAMES, type Dtype } from "../../src/tensor/dtypes.ts";
import { entriesArbitrary, expectedEnds } from "./arbitraries.ts";
import { referenceEntries } from "./reference-entries.ts";

const f32 = (name: string, ...shape: number[]): LayoutEntry => ({ name, dtype: "F32", shape });

function headerText(...args: Parameters<typeof planLayout>): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(planLayout(...args).head.subarray(8));
}

// What the reference does, in the plainest words.
function plainLayout(entries: readonly LayoutEntry[], metadata?: Record<string, string>): string {
  const sorted = [...entries].sort(
    (a, b) =>
      DTYPE_NAMES.indexOf(b.dtype) - DTYPE_NAMES.indexOf(a.dtype) ||
      Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  const ends = expectedEnds(
    sorted,
    new Uint32Array(sorted.length).map((_, i) => i),
  );
  const members = sorted.map(({ name, dtype, shape }, i) => {
    return `${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${ends[i - 1] ?? 0},${ends[i]}]}`;
  });
  if (metadata) {
    const keys = Object.keys(metadata).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    members.unshift(`"__metadata__":{${pairs}}`);
  }
  const json = Buffer.from(`{${members}}`);
  return `${json}${" ".repeat((8 - (json.length % 8)) % 8)}`;
}

describe("planLayout", () => {
  it("writes the length of the header, a multiple of 8, and the header padded with spaces", () => {
    const { head, totalBytes } = planLayout([f32("a", 2)]);
    const length = new DataView(head.buffer).getBigUint64(0, true);
    expect(Number(length)).toBe(head.length - 8);
    expect(head.length % 8).toBe(0);
    expect(totalBytes).toBe(head.length + 8);
    expect(headerText([f32("a", 2)])).toBe('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ');
  });

  it("writes an empty file as the reference does", () => {
    expect(headerText([])).toBe("{}      ");
    expect(headerText([], {})).toBe('{"__metadata__":{}}     ');
  });

  it("orders by dtype from the widest to the narrowest, then by name", () => {
    const entries = [...DTYPE_NAMES].flatMap((dtype) => [
      { name: `b.${dtype}`, dtype, shape: [4] },
      { name: `a.${dtype}`, dtype, shape: [4] },
    ]);
    const { order } = planLayout(entries);
    const expected = [...DTYPE_NAMES].reverse().flatMap((dtype) => [`a.${dtype}`, `b.${dtype}`]);
    expect(Array.from(order, (i) => entries[i]!.name)).toEqual(expected);
  });

  it("orders names by their UTF-8 bytes, not by UTF-16 units", () => {
    const names = ["\u{1f600}", "\uff5e", "z", "é", "Z", "", "\ud7ff", "\ue000"];
    const { order } = planLayout(names.map((name) => f32(name, 1)));
    const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(Array.from(order, (i) => names[i])).toEqual(sorted);
  });

  it("escapes what JSON demands and no more", () => {
    expect(headerText([f32('"\\/\b\f\n\r\t\u0000\u001f\u007fé\u2028😀')])).toContain(
      '{"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007fé\u2028😀":',
    );
  });

  it("writes UTF-8, be it of Latin-1 letters alone", () => {
    const { head } = planLayout([f32("naïve"), f32("\x7f"), f32("ÿ")]);
    expect(Buffer.from(head).toString("utf8")).toMatch(/\{"naïve":.*,"ÿ":/);
    expect(new TextDecoder("utf-8", { fatal: true }).decode(head.subarray(8))).toContain('"\x7f":');
  });

  it("puts metadata first, its keys sorted", () => {
    const text = headerText([f32("a")], { z: "1", "\u{1f600}": "2", "\uff5e": "3", a: "\n" });
    expect(text).toMatch(/^\{"__metadata__":\{"a":"\\n","z":"1","\uff5e":"3","\u{1f600}":"2"\},"a":/u);
  });

  it("writes offsets of any size exactly", () => {
    const sizes = [1, 9, 10, 99, 1e9 - 1, 1e9, 2 ** 31, 2 ** 32 + 1, 1e10, 123_456_789_012, 2 ** 49];
    const entries = sizes.map((size, i) => ({
      name: String.fromCharCode(97 + i),
      dtype: "U8" as Dtype,
      shape: [size],
    }));
    expect(headerText(entries)).toBe(plainLayout(entries));
  });

  it("is what the plainest implementation gives", () => {
    fc.assert(
      fc.property(
        entriesArbitrary,
        fc.option(fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })), {
          nil: undefined,
        }),
        (entries, metadata) => {
          expect(headerText(entries, metadata)).toBe(plainLayout(entries, metadata));
        },
      ),
    );
  });

  it.each<[string, string, readonly LayoutEntry[], Record<string, string>?]>([
    ["InvalidName", "the name __metadata__", [f32("__metadata__")]],
    ["InvalidName", "half a surrogate pair in a name", [f32("a\ud800")]],
    ["InvalidName", "a name that is no string", [f32(7 as never)]],
    ["DuplicateKey", "two tensors of one name", [f32("a"), f32("b"), f32("a")]],
    [
      "DuplicateKey",
      "two tensors of one name and two dtypes",
      [f32("a"), { name: "a", dtype: "U8", shape: [] }],
    ],
    [
      "DuplicateKey",
      "two tensors of one name with others of both dtypes between them",
      [f32("a"), f32("b"), { name: "a", dtype: "U8", shape: [] }, { name: "c", dtype: "U8", shape: [] }],
    ],
    ["InvalidMetadata", "half a surrogate pair in a metadata key", [], { "\udc00": "a" }],
    ["InvalidMetadata", "half a surrogate pair in a metadata value", [], { a: "\udc00" }],
    ["InvalidMetadata", "a metadata value that is no string", [], { a: 1n as never }],
    ["UnsupportedDtype", "a dtype that is none", [{ name: "a", dtype: "F128" as Dtype, shape: [] }]],
    ["InvalidTensor", "a size below 0", [f32("a", -1)]],
    ["InvalidTensor", "a size that is no integer", [f32("a", 1.5)]],
    ["MisalignedSlice", "half a byte", [{ name: "a", dtype: "F4", shape: [3] }]],
    ["ValidationOverflow", "2^64 elements", [f32("a", 2 ** 32, 2 ** 32)]],
    ["TooLarge", "2^53 bytes and more", [f32("a", 2 ** 51), f32("b", 2)]],
  ])("throws %s for %s", (code, _, entries, metadata) => {
    expect(() => planLayout(entries, metadata)).toThrow(expect.objectContaining({ code }));
  });

  it("gives the bytes of the reference serializer for every dtype and hostile names", () => {
    const { entries, metadata } = referenceEntries();
    const golden = readFileSync(new URL("../fixtures/reference/every-dtype.safetensors", import.meta.url));
    const { head, totalBytes } = planLayout(entries, metadata);
    expect(Buffer.from(head).equals(golden.subarray(0, head.length))).toBe(true);
    expect(totalBytes).toBe(golden.length);
  });

  it("names the tensor whose shape is wrong", () => {
    expect(() => planLayout([f32("fine"), f32("layers#0@w", -1)])).toThrow(
      expect.objectContaining({ tensor: "layers#0@w", message: expect.stringContaining('"layers#0@w"') }),
    );
  });
});
