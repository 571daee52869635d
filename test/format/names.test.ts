import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPytree2SafetensorsError } from "../../src/base/errors.ts";
import { parseHeader } from "../../src/format/header/header.ts";

/** Reads a header of empty tensors with these names; gives their names, or the tensors that its error names. */
function read(names: readonly string[]): { names: string[] } | { faults: string[] } {
  const entries = names.map(
    (name) => `${JSON.stringify(name)}:{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
  );
  const header = new TextEncoder().encode(`{${entries.join(",")}}`);
  try {
    const { tensors } = parseHeader(header, 8 + header.length, undefined);
    return { names: tensors.map(({ name }) => name) };
  } catch (error) {
    if (!isPytree2SafetensorsError(error)) throw error;
    return { faults: error.faults.map(({ tensor }) => tensor!) };
  }
}

/** What a `Set` of the strings says. */
function expected(names: readonly string[]): ReturnType<typeof read> {
  const seen = new Set<string>();
  const faults = names.filter((name) => seen.size === seen.add(name).size);
  return faults.length > 0 ? { faults } : { names: [...names] };
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

// Few letters, so that names have much in common; of one to four bytes, and two that JSON escapes.
const name = fc.string({ unit: fc.constantFrom("a", "b", ".", "é", "€", "😀", '"', "\\"), maxLength: 9 });
const ascii = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 12 });

describe("the names of a header", () => {
  it("are those of the file, and refused if one is there twice, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(name, ascii), { maxLength: 40 }), (names) => {
        expect(read(names)).toEqual(expected(names));
      }),
      { numRuns: 500 },
    );
  });

  it("are so in sorted runs, as the reference serializer writes a run for each dtype", () => {
    const run = fc.uniqueArray(ascii, { minLength: 1, maxLength: 12 }).map((names) => names.sort(byBytes));
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 20 }), fc.boolean(), (runs, isUnique) => {
        // With the number of the run in front, none is in two of them.
        const names = runs.flatMap((names, i) =>
          isUnique ? names.map((name) => `${i % 3}${name}${i}`) : names,
        );
        expect(read(names)).toEqual(expected(names));
      }),
      { numRuns: 500 },
    );
  });

  it("are found twice wherever the second one stands", () => {
    const sorted = Array.from({ length: 300 }, (_, i) => `layers.${String(i).padStart(3, "0")}.weight`);
    for (const at of [0, 1, 150, 298, 299]) {
      for (const to of [0, at, at + 1, 300]) {
        const names = [...sorted.slice(0, to), sorted[at]!, ...sorted.slice(to)];
        expect(read(names)).toEqual({ faults: [sorted[at]] });
      }
    }
  });

  it("are decoded whole, however long and of whatever letters", () => {
    const lengths = [0, 1, 3, 4, 5, 4091, 4092, 4093, 4096, 9000];
    for (const letter of ["a", "é", "😀"]) {
      const names = lengths.map((length) => letter.repeat(length));
      expect(read([...names, "\n\\"])).toEqual({ names: [...names, "\n\\"] });
    }
  });
});
