/** What the sinks into a browser's storage have in common. */
import { storageError } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import { Blocks } from "./blocks.ts";

// The storage is in another process: each call costs, and an abort waits for one.
const MAX_WRITE = 16 * 2 ** 20;

/** Writes blocks to a browser's storage, and puts its errors into words. */
export function storageSink(
  name: string,
  { signal }: SinkOptions,
  write: (block: Uint8Array<ArrayBuffer>) => Promise<void>,
  end: { readonly close: () => Promise<void>; readonly abort: (reason: unknown) => unknown },
): ByteSink {
  const run = async (action: () => unknown) => {
    try {
      await action();
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw storageError("WriteError", "write", name, cause);
    }
  };
  const emit = (block: Uint8Array<ArrayBuffer>) => {
    signal?.throwIfAborted();
    return write(block);
  };
  const blocks = new Blocks(emit, { maxBytes: MAX_WRITE });
  return {
    write(chunk) {
      const writing = blocks.write(chunk);
      return writing && run(() => writing);
    },
    close: () => run(() => blocks.flush().then(end.close)),
    abort: async (reason) => {
      await end.abort(reason);
    },
  };
}
