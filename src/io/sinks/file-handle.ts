import type { FileHandleLike } from "../inputs.ts";
import { Blocks } from "./blocks.ts";

// Bounds how long an abort waits; larger ones are no faster.
const MAX_WRITE = 32 * 2 ** 20;

/**
 * Writes through a file handle, each block whole.
 *
 * @param start The position of the first byte, or `null` for what has no positions, as a pipe.
 */
export function handleBlocks(
  handle: Pick<FileHandleLike, "write">,
  start: number | null,
  signal: AbortSignal | undefined,
): Blocks {
  let position = start;
  return new Blocks(
    async (block) => {
      signal?.throwIfAborted();
      for (let done = 0; done < block.byteLength; ) {
        const { bytesWritten } = await handle.write(block, done, block.byteLength - done, position);
        done += bytesWritten;
        if (position !== null) position += bytesWritten;
      }
    },
    false,
    MAX_WRITE,
  );
}
