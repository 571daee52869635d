import { InvalidArgumentError } from "commander";
import { KEY_STYLES, type KeyStyleName, type SafetensorsFile } from "../../index.node.ts";

/** The metadata key under which this package keeps what key strings can't say. */
export const STRUCTURE_KEY = "pytree2safetensors";

/** How the names of a file spell key paths, and how those of the result shall. */
export interface KeyStyles {
  readonly from: KeyStyleName | undefined;
  readonly to: KeyStyleName | undefined;
}

/** Reads `STYLE`. */
export function parseStyle(text: string): KeyStyleName {
  const style = (Object.keys(KEY_STYLES) as KeyStyleName[]).find((name) => name === text);
  if (style !== undefined) return style;
  throw new InvalidArgumentError(`Expected ${Object.keys(KEY_STYLES).join(", ")}.`);
}

/** Reads `TO` or `FROM:TO`. */
export function parseStyles(text: string): KeyStyles {
  const [first, second] = text.split(":", 2);
  return second === undefined
    ? { from: undefined, to: parseStyle(first!) }
    : {
        from: first === "" ? undefined : parseStyle(first!),
        to: second === "" ? undefined : parseStyle(second),
      };
}

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

/** The style that the structure metadata name; they leave this package's own unsaid. */
function styleOfStructure(text: string): KeyStyleName {
  try {
    const { keys } = JSON.parse(text);
    return typeof keys === "string" && Object.hasOwn(KEY_STYLES, keys) ? (keys as KeyStyleName) : "pytree";
  } catch {
    return "pytree"; // loading says what is wrong with them
  }
}
