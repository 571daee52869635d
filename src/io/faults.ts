/** The errors that sources and sinks have in common. */
import { type ErrorCode, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf, printable } from "../base/quote.ts";

/** The error of a read that gave `got` of the bytes `[start, end)`. */
export function shortRead(name: string, start: number, end: number, got: number): Pytree2SafetensorsError {
  const message = `${printable(name)}: bytes [${start}, ${end}) should be ${end - start} bytes, got ${got}: the file was cut short or is being written`;
  return new Pytree2SafetensorsError("ShortRead", message, {
    source: name,
    expected: `${end - start} bytes`,
    found: `${got} bytes`,
  });
}

/** The error of a file that isn't any more what it was when it was opened. */
export function sourceChanged(
  name: string,
  details: { readonly expected?: string; readonly found?: string; readonly cause?: unknown },
): Pytree2SafetensorsError {
  const message = `${printable(name)}: the file changed while it was read; open it again`;
  return new Pytree2SafetensorsError("SourceChanged", message, { source: name, ...details });
}

/** Why `fetch` failed: what it says, and the reason that Node puts behind it. */
export function fetchReasons(cause: unknown): string {
  const behind = (cause as { cause?: unknown } | null)?.cause ?? "";
  return [cause, behind].map(messageOf).filter(Boolean).join(": ");
}

/** Fresh memory for a read, or the error that says why there is none. */
export function allocate(length: number, name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const message = `${printable(name)}: ${length} bytes don't fit into one Uint8Array here; read it in slices`;
    throw new Pytree2SafetensorsError("TooLarge", message, { source: name, found: `${length} bytes`, cause });
  }
}

/** The error of an operation on a browser's storage, in words; errors of this package stay as they are. */
export function storageError(code: ErrorCode, action: string, name: string, cause: unknown): Error {
  if (isPytree2SafetensorsError(cause)) return cause;
  const isFull = (cause as { name?: unknown } | null)?.name === "QuotaExceededError";
  const advice = isFull ? "; free some space, or ask for more with navigator.storage.persist()" : "";
  const message = `can't ${action} ${printable(name)}: ${messageOf(cause)}${advice}`;
  return new Pytree2SafetensorsError(code, message, { source: name, cause });
}

/** Does something with a browser's storage, and puts its errors into words. */
export async function storageTask<T>(
  code: ErrorCode,
  action: string,
  name: string,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw storageError(code, action, name, cause);
  }
}
