/** A file by a worker's synchronous handle, which the caller opened and closes. */
import { isSyncHandle, type SyncAccessHandleLike } from "../duck-types.ts";
import { allocate, shortRead } from "../faults.ts";
import type { ByteSource } from "../types.ts";
import type { Opened } from "./kind.ts";

// Within the 2^31 - 1 bytes that every browser takes at once.
const MAX_READ = 2 ** 30;

export function openSyncHandle(input: unknown): Promise<Opened> | undefined {
  if (!isSyncHandle(input)) return undefined;
  return syncHandleSource(input).then((source) => ({ source, owned: false }));
}

async function syncHandleSource(handle: SyncAccessHandleLike): Promise<ByteSource> {
  const name = "access handle";
  return {
    // Older browsers give a promise.
    size: await handle.getSize(),
    name,
    read(start, end, { into } = {}) {
      const bytes = into ?? allocate(end - start, name);
      for (let done = 0; done < bytes.byteLength; ) {
        const got = handle.read(bytes.subarray(done, done + MAX_READ), { at: start + done });
        if (got === 0) throw shortRead(name, start, end, done);
        done += got;
      }
      return bytes;
    },
  };
}
