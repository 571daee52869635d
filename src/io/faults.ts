import { Pytree2SafetensorsError } from "../base/errors.ts";

/** The error of a read that gave `got` of the bytes `[start, end)`. */
export function shortRead(name: string, start: number, end: number, got: number): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(
    "ShortRead",
    `${name}: bytes [${start}, ${end}) should be ${end - start}, got ${got}: it was cut short or is being written`,
    { source: name, expected: `${end - start} bytes`, found: `${got} bytes` },
  );
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Fresh memory for a read, or the error that says why there is none. */
export function allocate(length: number, name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new Pytree2SafetensorsError(
      "TooLarge",
      `${name}: ${length} bytes don't fit into one Uint8Array here; read it in slices`,
      { source: name, found: `${length} bytes`, cause },
    );
  }
}
