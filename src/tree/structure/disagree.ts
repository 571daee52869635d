/** The error for structure metadata that the tensors of its file contradict. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { KeyPath } from "../keys/keypath.ts";
import { keystr } from "../keys/keystr.ts";
import { placeOf } from "../messages.ts";

/** Throws `StructureMismatch`. */
export function disagree(path: KeyPath, expected: string, found: string): never {
  throw new Pytree2SafetensorsError(
    "StructureMismatch",
    `structure metadata does not fit the tensors at ${placeOf(path)}: expected ${expected}, found ${found} (was the file edited?)`,
    { keyPath: keystr(path), expected, found },
  );
}
