// How a slice is written: as values, or as numpy spells it.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, quote } from "../base/quote.ts";

/**
 * What is taken of one dimension. A number takes one place (from the end if negative) and drops the dimension; `null`,
 * `undefined` and `":"` take all of it; `[start, stop, step]`, or the same as an object, takes a range as numpy does:
 * negative numbers count from the end, what lies outside is cut off, `step` is positive.
 */
export type SliceIndex =
  | number
  | null
  | undefined
  | ":"
  | readonly [
      start?: number | null | undefined,
      stop?: number | null | undefined,
      step?: number | null | undefined,
    ]
  | {
      readonly start?: number | null | undefined;
      readonly stop?: number | null | undefined;
      readonly step?: number | null | undefined;
    };

/**
 * A part of a tensor: one entry for each dimension from the first, with `"..."` for as many whole dimensions as are
 * left; or the same in numpy's spelling, `"0:4, :, -1"`, which {@link parseSlice} reads.
 */
export type SliceInput = string | readonly (SliceIndex | "...")[];

/**
 * Reads a slice in numpy's spelling, with or without the brackets.
 *
 * @returns What {@link SafetensorsFile.slice} takes: one entry for each dimension that the text mentions.
 * @throws `InvalidSlice` if the text is not a slice.
 * @example
 * ```ts
 * parseSlice("0:4, ..., -1"); // [{ start: 0, stop: 4, step: undefined }, "...", -1]
 * const rows = await file.slice("embedding", parseSlice("[:128, ::2]"));
 * ```
 */
export function parseSlice(text: string): (SliceIndex | "...")[] {
  if (typeof text !== "string") {
    const found = describeValue(text);
    throw invalidSlice(`a slice in words must be a string, not ${found}`, "a string", found);
  }
  const inner = text
    .trim()
    .replace(/^\[(.*)\]$/s, "$1")
    .trim();
  if (inner === "") return [];
  return inner.split(",").map((part, dimension) => {
    const entry = part.trim();
    if (entry === "...") return entry;
    const fields = entry.split(":").map((field) => field.trim());
    if (fields.length > 3 || entry === "" || !fields.every((field) => /^([+-]?\d+)?$/.test(field))) {
      const expected = "an index, start:stop:step or ...";
      const found = quote(entry);
      const where = `slice ${quote(text)}, dimension ${dimension}`;
      throw invalidSlice(`${where}: expected ${expected}, found ${found}`, expected, found);
    }
    const numbers = fields.map((field) => (field === "" ? null : Number(field)));
    return numbers.length === 1 ? numbers[0]! : { start: numbers[0], stop: numbers[1], step: numbers[2] };
  });
}

/** The error for a slice that can't be read or that doesn't fit a shape. */
export function invalidSlice(message: string, expected: string, found: string): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError("InvalidSlice", message, { expected, found });
}
