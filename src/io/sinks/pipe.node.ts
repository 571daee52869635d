/** What is written in order and in place: pipes and devices. Nothing here blocks, so that a signal ends every wait. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { sleep } from "../abort.ts";
import type { FileHandleLike } from "../duck-types.ts";
import type { Explain } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import { failing } from "./failing.ts";
import { HandleWriter } from "./handle-writer.ts";
import type { GatheringSink } from "./kind.ts";

// A reader that is there takes what is in the pipe within so many turns of the event loop.
const SPINS = 100;
const MAX_WAIT_MS = 20;

/** Opens a pipe or a device to write to; a pipe opens when somebody reads from it. */
export async function pipeSink(
  path: string,
  stat: Stats,
  { signal }: SinkOptions,
  fail: Explain,
): Promise<GatheringSink> {
  const handle = await openPipe(path, stat, signal);
  const writer = new HandleWriter(patient(handle, signal), null, signal);
  return failing(fail, {
    write: (chunk, stays) => writer.write(chunk, stays),
    close: async () => {
      try {
        await writer.flush();
      } finally {
        await handle.close();
      }
    },
    abort: () => handle.close(),
  });
}

async function openPipe(path: string, stat: Stats, signal: AbortSignal | undefined): Promise<FileHandle> {
  const { O_WRONLY, O_TRUNC, O_NONBLOCK = 0 } = constants;
  for (let wait = 1; ; wait = Math.min(2 * wait, MAX_WAIT_MS)) {
    signal?.throwIfAborted();
    try {
      return await open(path, O_WRONLY | O_TRUNC | O_NONBLOCK);
    } catch (error) {
      // What the system says of a pipe that nobody reads.
      if (!stat.isFIFO() || (error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
    }
    await sleep(wait, signal);
  }
}

/** Writes that wait while the pipe is full. */
function patient(handle: FileHandle, signal: AbortSignal | undefined): Pick<FileHandleLike, "write"> {
  return {
    async write(buffer, offset, length, position) {
      for (let turn = 0; ; turn++) {
        signal?.throwIfAborted();
        try {
          return await handle.write(buffer, offset, length, position);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
        }
        if (turn < SPINS) await setImmediate();
        else await sleep(Math.min(turn - SPINS + 1, MAX_WAIT_MS), signal);
      }
    },
  };
}
