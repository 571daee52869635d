/** Which key style the names of a file most likely follow. */
import { guessKeyStyle, KEY_STYLES, type KeyStyleName, type SafetensorsFile } from "../../index.node.ts";

/** The metadata key under which this package keeps what key strings can't say. */
export const STRUCTURE_KEY = "pytree2safetensors";

/** How the names of a file most likely spell key paths: as its structure metadata says, else the library's own guess. */
export function guessStyle({ names, metadata }: Pick<SafetensorsFile, "names" | "metadata">): KeyStyleName {
  if (Object.hasOwn(metadata, STRUCTURE_KEY)) return styleOfStructure(metadata[STRUCTURE_KEY]!);
  return guessKeyStyle(names);
}

/** The style that the structure metadata names; this package's own is left unsaid. */
function styleOfStructure(text: string): KeyStyleName {
  try {
    const { keys } = JSON.parse(text);
    return typeof keys === "string" && Object.hasOwn(KEY_STYLES, keys) ? (keys as KeyStyleName) : "pytree";
  } catch {
    return "pytree"; // loading says what is wrong with it
  }
}
