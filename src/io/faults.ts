/** The errors that sources and sinks have in common. */
import {
  type ErrorCode,
  type ErrorDetails,
  isPytree2SafetensorsError,
  Pytree2SafetensorsError,
} from "../base/errors.ts";
import { messageOf, printable } from "../base/quote.ts";
import type { Awaitable } from "../base/types.ts";

/** The error of a source, a sink or a store: what messages call it, and what is wrong with it. */
export function placeError(
  code: ErrorCode,
  name: string,
  problem: string,
  details: Omit<ErrorDetails, "source"> = {},
): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError(code, `${printable(name)}: ${problem}`, { source: name, ...details });
}

/** The error of something that can't be done with it, and why. */
export function cannot(
  code: ErrorCode,
  action: string,
  name: string,
  reason: string,
  details: Omit<ErrorDetails, "source"> = {},
): Pytree2SafetensorsError {
  const message = `can't ${action} ${printable(name)}: ${reason}`;
  return new Pytree2SafetensorsError(code, message, { source: name, ...details });
}

/** The error of a read that gave `got` of the bytes `[start, end)`. */
export function shortRead(name: string, start: number, end: number, got: number): Pytree2SafetensorsError {
  const problem = `bytes [${start}, ${end}) should be ${end - start} bytes, got ${got}: the file was cut short or is being written`;
  return placeError("ShortRead", name, problem, {
    expected: `${end - start} bytes`,
    found: `${got} bytes`,
  });
}

/** The error of a file that isn't any more what it was when it was opened. */
export function sourceChanged(
  name: string,
  details: { readonly expected?: string; readonly found?: string; readonly cause?: unknown },
): Pytree2SafetensorsError {
  return placeError("SourceChanged", name, "the file changed while it was read; open it again", details);
}

/** Fresh memory for a read, or the error that says why there is none. */
export function allocate(length: number, name: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const problem = `${length} bytes don't fit into one Uint8Array here; read it in slices`;
    throw placeError("TooLarge", name, problem, { found: `${length} bytes`, cause });
  }
}

/** Puts what was thrown into words. */
export type Explain = (cause: unknown) => unknown;

/** Does something, and puts what it throws into words. */
export async function attempt<T>(fail: Explain, task: () => Awaitable<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw fail(cause);
  }
}

/** Puts errors of a browser's storage into words; errors of this package stay as they are. */
export function explainStorage(code: ErrorCode, action: string, name: string): Explain {
  return (cause) => {
    if (isPytree2SafetensorsError(cause)) return cause;
    const isFull = (cause as { name?: unknown } | null)?.name === "QuotaExceededError";
    const advice = isFull ? "; free some space, or ask for more with navigator.storage.persist()" : "";
    return cannot(code, action, name, messageOf(cause) + advice, { cause });
  };
}
