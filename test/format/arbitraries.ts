import fc from "fast-check";
import type { LayoutEntry } from "../../src/format/layout/layout.ts";
import { DTYPE_NAMES, DTYPES } from "../../src/tensor/dtypes.ts";

/** Names as hostile as UTF-8 allows. */
export const nameArbitrary = fc
  .oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }).filter((name) => !/\p{Surrogate}/u.test(name)),
    fc.constantFrom(
      "__proto__",
      "constructor",
      "toString",
      "",
      ".",
      "@#",
      "a\u0000",
      '"',
      "\\",
      "\ufeffa",
      "\u{1f600}",
      "\uff5e",
      "\u2028",
      "\x7f",
    ),
    fc.tuple(fc.constantFrom("layers#", "a.b@", "w"), fc.nat(20)).map(([prefix, n]) => `${prefix}${n}`),
  )
  .filter((name) => name !== "__metadata__");

const shapeArbitrary = fc.array(fc.oneof(fc.nat(5), fc.constantFrom(1, 128, 4096)), { maxLength: 4 });

/** Tensors of any dtype with unique names; 4- and 6-bit ones fill whole bytes. */
export const entriesArbitrary: fc.Arbitrary<LayoutEntry[]> = fc.uniqueArray(
  fc
    .record({ name: nameArbitrary, dtype: fc.constantFrom(...DTYPE_NAMES), shape: shapeArbitrary })
    .map((entry) => (DTYPES[entry.dtype].bits < 8 ? { ...entry, shape: [...entry.shape, 4] } : entry)),
  { selector: ({ name }) => name, maxLength: 12 },
);

/** Where the data of each tensor must end, counted from the data's start. */
export function expectedEnds(entries: readonly LayoutEntry[], order: Uint32Array): number[] {
  let end = 0;
  return Array.from(order, (index) => {
    const { dtype, shape } = entries[index]!;
    end += (shape.reduce((a, b) => a * b, 1) * DTYPES[dtype].bits) / 8;
    return end;
  });
}
