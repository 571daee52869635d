import { Pytree2SafetensorsError } from "../base/errors.ts";
import { spell } from "./size.ts";

/** Nested arrays, one level for each dimension. Without dimensions, it is the value itself. */
export type NestedArray<T> = T | NestedArray<T>[];

/** {@link NestedArray}, read-only. */
export type NestedValues<T> = T | readonly NestedValues<T>[];

// numpy's own limit; an array that contains itself meets it too.
const MAX_DIMENSIONS = 64;

// More nested arrays than a heap has room for: a file's shape like [1e12, 0] asks for them without any data.
const MAX_LISTS = 2 ** 26;

/**
 * Nested arrays as their shape and their innermost values.
 *
 * @throws {Pytree2SafetensorsError} `InvalidTensor` for rows of different lengths.
 */
export function flattenNested<T>(nested: NestedValues<T>): { shape: number[]; values: T[] } {
  const shape: number[] = [];
  let level: readonly NestedValues<T>[] = [nested];
  for (;;) {
    const length = level.find(isArray)?.length;
    if (length === undefined) return { shape, values: level as T[] };
    const next: NestedValues<T>[] = [];
    for (const row of level) {
      if (!isArray(row) || row.length !== length) {
        throw uneven(
          shape.length,
          `length ${length}`,
          isArray(row) ? `length ${row.length}` : `a ${typeof row}`,
        );
      }
      for (const value of row) next.push(value);
    }
    shape.push(length);
    if (shape.length > MAX_DIMENSIONS) throw uneven(MAX_DIMENSIONS, "values", "arrays without end");
    level = next;
  }
}

function isArray<T>(value: NestedValues<T>): value is readonly NestedValues<T>[] {
  return Array.isArray(value);
}

function uneven(dimension: number, expected: string, found: string): Pytree2SafetensorsError {
  const message = `nested arrays: dimension ${dimension} has ${found} where ${expected} is expected`;
  return new Pytree2SafetensorsError("InvalidTensor", message, { expected, found });
}

/**
 * Values in C order as nested arrays of that shape.
 *
 * @throws {Pytree2SafetensorsError} `TooLarge` for a shape that takes more than 2^26 arrays.
 */
export function nest<T>(values: readonly T[], shape: readonly number[]): NestedArray<T> {
  // How many arrays there are of each dimension.
  const lists = [1];
  for (const dimension of shape) lists.push(lists.at(-1)! * dimension);
  const total = lists.slice(0, -1).reduce((sum, count) => sum + count, 0);
  if (total > MAX_LISTS) {
    const message = `shape ${spell(shape)} nests ${total} arrays, more than 2^26: use the flat data instead`;
    throw new Pytree2SafetensorsError("TooLarge", message, { found: spell(shape) });
  }
  let level: NestedArray<T>[] = values.slice();
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    const inner = level;
    level = Array.from({ length: lists[axis]! }, (_, i) => inner.slice(i * length, (i + 1) * length));
  }
  return level[0]!;
}
