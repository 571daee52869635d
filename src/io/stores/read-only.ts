/** A folder that is there for reading, as a store that says why it can't be written. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { Folder, Store } from "../types.ts";

/**
 * @param why What can't be done and what to do about it, after "can't".
 */
export function readOnlyStore(
  folder: Folder,
  why: { readonly write: string; readonly remove: string },
): Store {
  const refuse = (problem: string) => {
    const message = `${folder.name}: can't ${problem}`;
    throw new Pytree2SafetensorsError("UnsupportedSink", message, { source: folder.name! });
  };
  return { ...folder, sink: () => refuse(why.write), remove: () => refuse(why.remove) };
}
