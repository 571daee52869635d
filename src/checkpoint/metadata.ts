/** The strings of a file's `__metadata__`: the user's, and the one that is ours. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, quote } from "../base/quote.ts";

/** Strings that a file stores beside its tensors, by key. */
export type Metadata = Readonly<Record<string, string>>;

/** The metadata key under which the structure of a tree is kept. */
export const STRUCTURE_KEY = "pytree2safetensors";

/** Checks the user's metadata: an object of strings that leaves our key alone. */
export function checkMetadata(metadata: Metadata | undefined): Metadata | undefined {
  if (metadata === undefined) return undefined;
  if (typeof metadata !== "object" || metadata === null || Symbol.iterator in metadata) {
    const found = describeValue(metadata);
    const expected = "an object of strings";
    throw new Pytree2SafetensorsError("InvalidMetadata", `metadata must be ${expected}, not ${found}`, {
      expected,
      found,
    });
  }
  if (!Object.hasOwn(metadata, STRUCTURE_KEY)) return metadata;
  const message = `the metadata key ${quote(STRUCTURE_KEY)} holds the structure of trees and can't be set; use another key`;
  throw new Pytree2SafetensorsError("InvalidMetadata", message, { found: STRUCTURE_KEY });
}

/** The user's strings and ours. */
export function withStructure(
  metadata: Metadata | undefined,
  structure: string | undefined,
): Metadata | undefined {
  return structure === undefined ? metadata : { ...metadata, [STRUCTURE_KEY]: structure };
}

/** The strings that the user wrote: all but ours. */
export function userMetadata(metadata: Metadata): Metadata {
  const { [STRUCTURE_KEY]: _structure, ...rest } = metadata;
  return rest;
}
