import { allocate } from "../faults.ts";
import type { ByteSink } from "../types.ts";
import { Blocks } from "./blocks.ts";

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

/** A sink into a Blob. */
export interface BlobSink extends Required<ByteSink> {
  /** What was written, once the sink is closed. */
  blob(): Blob;
}

const PART = 16 * 2 ** 20;

/** Collects what is written in a Blob, part by part: browsers move large ones to disk. */
export function blobSink(): BlobSink {
  let parts: Blob[] = [];
  const blocks = new Blocks(
    async (block) => {
      parts.push(new Blob([block]));
    },
    false,
    PART,
  );
  return {
    begin() {},
    write: (chunk) => blocks.write(chunk),
    close: () => blocks.flush(),
    abort() {
      parts = [];
    },
    blob: () => new Blob(parts, { type: "application/octet-stream" }),
  };
}
