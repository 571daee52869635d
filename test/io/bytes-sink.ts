import { allocate } from "../../src/io/faults.ts";
import type { ByteSink } from "../../src/io/types.ts";

/** A sink into memory that {@link ByteSink.begin} sizes. */
export interface BytesSink extends Required<ByteSink> {
  /** What was written. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/** Collects what is written in one array, allocated once. */
export function bytesSink(): BytesSink {
  let memory: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let written = 0;
  return {
    begin(totalBytes) {
      memory = allocate(totalBytes, "memory");
    },
    write(chunk) {
      memory.set(chunk, written);
      written += chunk.byteLength;
    },
    close() {},
    abort() {
      memory = new Uint8Array(0);
    },
    bytes: () => memory.subarray(0, written),
  };
}
