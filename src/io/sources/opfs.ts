/** A file of a browser's storage, by its handle. */
import type { Awaitable } from "../../base/types.ts";
import { isOpfsFile, type OpfsFileLike } from "../duck-types.ts";
import { attempt, explainStorage, sourceChanged } from "../faults.ts";
import type { ByteSource } from "../types.ts";
import { readBlob } from "./blob.ts";
import type { Opened } from "./kind.ts";

export function openOpfsFile(input: unknown): Awaitable<Opened> | undefined {
  if (!isOpfsFile(input)) return undefined;
  return opfsSource(input).then((source) => ({ source, owned: true }));
}

/** The file as it was when it was opened. */
export async function opfsSource(handle: OpfsFileLike, name = handle.name): Promise<ByteSource> {
  const get = () => attempt(explainStorage("IoError", "read", name), () => handle.getFile());
  let file = await get();
  const { size, lastModified } = file;
  return {
    size,
    name,
    fresh: true,
    async read(start, end, options) {
      try {
        return await readBlob(file, start, end, name, options);
      } catch (cause) {
        options?.signal?.throwIfAborted();
        // Browsers let go of a file that was written meanwhile, even with the same bytes.
        file = await get();
        if (file.size !== size || file.lastModified !== lastModified) throw sourceChanged(name, { cause });
        return readBlob(file, start, end, name, options);
      }
    },
  };
}
