/** A file by a worker's synchronous handle, which the caller opened and closes: written in place. */
import { isSyncHandle, type SyncAccessHandleLike } from "../duck-types.ts";
import { attempt, explainStorage } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";
import type { OpenedSink } from "./kind.ts";
import { storageSink } from "./storage.ts";

const NAME = "access handle";

export function createSyncHandle(output: unknown, options: SinkOptions): Promise<OpenedSink> | undefined {
  if (!isSyncHandle(output)) return undefined;
  return syncHandleSink(output, options).then((sink) => ({ sink, name: NAME }));
}

async function syncHandleSink(handle: SyncAccessHandleLike, options: SinkOptions): Promise<ByteSink> {
  // Awaited, because older browsers give promises.
  await attempt(explainStorage("WriteError", "write", NAME), async () => handle.truncate(0));
  let at = 0;
  const write = async (block: Uint8Array<ArrayBuffer>) => {
    for (let done = 0; done < block.byteLength; ) {
      const written = handle.write(block.subarray(done), { at });
      if (written === 0) throw new Error("the storage takes no more");
      done += written;
      at += written;
    }
  };
  return storageSink(NAME, options, write, {
    close: async () => {
      if (options.flush !== false) await handle.flush();
    },
    abort: () => handle.truncate(0),
  });
}
