/** Folders and stores in place of a file. */
import type { Pytree2SafetensorsError } from "../../base/errors.ts";
import { isOpfsDirectory, isStore } from "../duck-types.ts";
import { cannot } from "../faults.ts";

/** Refuses folders: one file is written to a file in them, a checkpoint of several to the folder. */
export function createFolder(output: unknown): undefined {
  if (isStore(output)) throw folderError(output.name ?? "the store");
  if (isOpfsDirectory(output)) throw folderError(output.name);
}

/** The error of a folder where a file is meant. */
export function folderError(name: string): Pytree2SafetensorsError {
  const problem = "it is a folder; name a file in it, or set maxShardSize to save several";
  return cannot("UnsupportedSink", "write", name, problem);
}
