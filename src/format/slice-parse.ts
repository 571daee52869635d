// How a slice is written: as values, or as numpy spells it.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, quote } from "../base/quote.ts";

/**
 * Which part of one dimension to read. A number selects one index (from the end if negative) and drops the dimension.
 * `null`, `undefined` and `":"` select the whole dimension. `[start, stop, step]`, or the same as an object, selects a
 * range as in numpy: negative numbers count from the end, and the range is clipped to the dimension. `step` is positive.
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
 * Which part of a tensor to read: one entry for each dimension, from the first, where `"..."` stands for all dimensions
 * in between. Or a string in numpy's notation, `"0:4, :, -1"`, which {@link parseSlice} reads.
 */
export type SliceInput = string | readonly (SliceIndex | "...")[];

/**
 * Parses a slice in numpy's notation, with or without brackets.
 *
 * @returns The slice for {@link SafetensorsFile.slice}, with one entry for each dimension that the text mentions.
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
