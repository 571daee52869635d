/** What the sinks into a browser's storage have in common. */
import type { Awaitable } from "../../base/types.ts";
import { explainStorage } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import { Blocks } from "./blocks.ts";
import { failing } from "./failing.ts";

// The storage is in another process: each call costs, and an abort waits for one.
const MAX_WRITE = 16 * 2 ** 20;

/** Writes blocks to a browser's storage, and puts its errors into words. */
export function storageSink(
  name: string,
  { signal }: SinkOptions,
  write: (block: Uint8Array<ArrayBuffer>) => Promise<void>,
  end: { readonly close: () => Promise<void>; readonly abort: (reason: unknown) => Awaitable<void> },
): ByteSink {
  const explain = explainStorage("WriteError", "write", name);
  const emit = (block: Uint8Array<ArrayBuffer>) => {
    signal?.throwIfAborted();
    return write(block);
  };
  const blocks = new Blocks(emit, { maxBytes: MAX_WRITE });
  return failing((cause) => (signal?.aborted ? cause : explain(cause)), {
    write: (chunk) => blocks.write(chunk),
    close: () => blocks.flush().then(end.close),
    abort: end.abort,
  });
}
