import type { FileHandle } from "node:fs/promises";
import { describe, expectTypeOf, it } from "vitest";
import type { SinkInput } from "../../src/io/open-sink.ts";
import type { SourceInput } from "../../src/io/open-source.ts";
import type { StoreInput } from "../../src/io/open-store.ts";

describe("the types of what can be opened", () => {
  it("take the runtimes' own objects", () => {
    expectTypeOf<FileHandle>().toExtend<SourceInput & SinkInput>();
    expectTypeOf<FileSystemFileHandle>().toExtend<SourceInput & SinkInput>();
    expectTypeOf<FileSystemDirectoryHandle>().toExtend<StoreInput & SourceInput>();
    expectTypeOf<FileSystemWritableFileStream>().toExtend<SinkInput>();
    expectTypeOf<WritableStream<Uint8Array>>().toExtend<SinkInput>();
    expectTypeOf<
      Blob | File | Response | URL | Buffer | DataView | SharedArrayBuffer
    >().toExtend<SourceInput>();
  });

  it("refuse what is none", () => {
    expectTypeOf<number>().not.toExtend<SourceInput>();
    expectTypeOf<ReadableStream>().not.toExtend<SourceInput>();
    expectTypeOf<Uint8Array>().not.toExtend<SinkInput>();
    expectTypeOf<Blob>().not.toExtend<SinkInput>();
  });
});
