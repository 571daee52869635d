import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { OpfsFileLike, SyncAccessHandleLike } from "../duck-types.ts";
import { allocate, messageOf, shortRead } from "../faults.ts";
import type { ByteSource } from "../types.ts";
import { readBlob } from "./blob.ts";

/** A file by a browser's handle: the file as it was when it was opened. */
export async function opfsSource(handle: OpfsFileLike): Promise<ByteSource> {
  const { name } = handle;
  const get = async () => {
    try {
      return await handle.getFile();
    } catch (cause) {
      throw new Pytree2SafetensorsError("IoError", `can't read ${name}: ${messageOf(cause)}`, {
        source: name,
        cause,
      });
    }
  };
  let file = await get();
  const { size, lastModified } = file;
  return {
    size,
    name,
    async read(start, end, options) {
      try {
        return await readBlob(file, start, end, name, options);
      } catch (cause) {
        options?.signal?.throwIfAborted();
        // Browsers let go of a file that was written meanwhile, were it with the same bytes.
        file = await get();
        if (file.size === size && file.lastModified === lastModified) {
          return readBlob(file, start, end, name, options);
        }
        const message = `${name}: the file changed while it was read; open it again`;
        throw new Pytree2SafetensorsError("SourceChanged", message, { source: name, cause });
      }
    },
  };
}

/** A file by a worker's synchronous handle, which the caller opened and closes. */
export async function syncHandleSource(handle: SyncAccessHandleLike): Promise<ByteSource> {
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

const MAX_READ = 2 ** 30;
