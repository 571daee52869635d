/** A sink into memory. */
import { allocate } from "../faults.ts";
import type { ByteSink } from "../types.ts";

/**
 * Gathers what is written and gives it away whole.
 *
 * @param done Gets all bytes when the sink is closed.
 */
export function memorySink(
  name: string,
  signal: AbortSignal | undefined,
  done: (bytes: Uint8Array) => void,
): ByteSink {
  let memory = new Uint8Array(0);
  let written = 0;
  const reserve = (bytes: number) => {
    if (bytes <= memory.byteLength) return;
    const grown = allocate(bytes, name);
    grown.set(memory.subarray(0, written));
    memory = grown;
  };
  return {
    begin: reserve,
    write(chunk) {
      signal?.throwIfAborted();
      if (written + chunk.byteLength > memory.byteLength)
        reserve(Math.max(written + chunk.byteLength, 2 * memory.byteLength));
      memory.set(chunk, written);
      written += chunk.byteLength;
    },
    close() {
      signal?.throwIfAborted();
      done(memory.subarray(0, written));
    },
    abort() {
      memory = new Uint8Array(0);
    },
  };
}
