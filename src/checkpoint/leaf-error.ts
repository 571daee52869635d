/** Errors that say which leaf they are about. */
import { amendError, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf, quote } from "../base/quote.ts";

/** Where a leaf stands: its name in the file, and its key path where there is a tree. */
export interface LeafPlace {
  readonly tensor: string;
  readonly keyPath?: string;
}

/** The place in words: the key path if there is one, else `name`. */
export function spellPlace({ keyPath }: Pick<LeafPlace, "keyPath">, name = ""): string {
  return keyPath === undefined ? name : `the leaf at ${keyPath || "the root"}`;
}

/** What went wrong with a leaf, whoever threw it, with its name and key path. */
export function leafError(error: unknown, place: LeafPlace): Pytree2SafetensorsError {
  const where = spellPlace(place, `tensor ${quote(place.tensor)}`);
  if (!isPytree2SafetensorsError(error)) {
    const message = `${where}: ${messageOf(error)}`;
    return new Pytree2SafetensorsError("AdapterError", message, { ...place, cause: error });
  }
  return error.tensor === undefined ? amendError(error, where, { ...place }) : error;
}

/**
 * The error of a tensor with the key path of its leaf, if there is one.
 *
 * @param keyPathOf The key path of a tensor; `undefined` for an error of no tensor in particular.
 */
export function withKeyPath(
  error: unknown,
  keyPathOf: (tensor: string | undefined) => string | undefined,
): unknown {
  if (!isPytree2SafetensorsError(error) || error.keyPath !== undefined) return error;
  const keyPath = keyPathOf(error.tensor);
  return keyPath === undefined ? error : amendError(error, spellPlace({ keyPath }), { keyPath });
}
