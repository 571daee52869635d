/** Which key style the names of a file most likely follow. */
import { KEY_STYLES, type KeyStyleName, type SafetensorsFile } from "../../index.node.ts";

/** The metadata key under which this package keeps what key strings can't say. */
export const STRUCTURE_KEY = "pytree2safetensors";

/**
 * How the names of a file most likely spell key paths: only key strings have `@` and `#`, Flax writes `/`, PyTorch
 * `.` with the indices of lists between them.
 */
export function guessStyle(file: Pick<SafetensorsFile, "names" | "metadata">): KeyStyleName {
  const { names, metadata } = file;
  if (Object.hasOwn(metadata, STRUCTURE_KEY)) return styleOfStructure(metadata[STRUCTURE_KEY]!);
  if (
    names.length > 0 &&
    names.every((name) => /^[.[]/.test(name)) &&
    names.some((name) => /\[['"\d]/.test(name))
  ) {
    return "keystr";
  }
  if (names.some((name) => /[@#]/.test(name))) return "pytree";
  if (names.some((name) => name.includes("/"))) return "slash";
  if (metadata.format === "pt" || names.some((name) => /(^|\.)\d+(\.|$)/.test(name))) return "dotted";
  return "pytree";
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
