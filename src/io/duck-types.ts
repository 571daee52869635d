/**
 * What the openers recognise, by shape and not by class: objects of another realm, of polyfills and of
 * other packages count, and the types need neither `@types/node` nor the DOM library's file system part.
 */

import type { UnsharedBytes } from "../base/types.ts";
import type { ByteSink, ByteSource, Folder, Store } from "./types.ts";

/** The parts of a `Blob` or `File` that are used. Lazy blobs of the Hugging Face hub client have them too. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** What is used of a file's status. */
export interface FileStatLike {
  readonly size: number;
  readonly mtimeMs?: number;
  readonly ino?: number;
  isFile(): boolean;
}

/** The parts of a `FileHandle` of `node:fs/promises` that are used. */
export interface FileHandleLike {
  readonly fd: number;
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
  /** Writes several views in one call. Without it, each takes a call of its own. */
  writev?(buffers: readonly Uint8Array[], position?: number): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<FileStatLike>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
}

/** The parts of a browser's `FileSystemFileHandle` that are used. */
export interface OpfsFileLike {
  readonly kind: "file";
  readonly name: string;
  getFile(): Promise<BlobLike & { readonly lastModified: number }>;
  /** Missing in Safari before 26. */
  createWritable?(): Promise<{
    write(data: UnsharedBytes): Promise<void>;
    close(): Promise<void>;
    abort(reason?: unknown): Promise<void>;
  }>;
}

/** The parts of a browser's `FileSystemDirectoryHandle` that are used. */
export interface OpfsDirectoryLike {
  readonly kind: "directory";
  readonly name: string;
  getFileHandle(name: string, options?: { create?: boolean }): Promise<OpfsFileLike>;
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<OpfsDirectoryLike>;
  removeEntry(name: string): Promise<void>;
  values(): AsyncIterable<{ readonly kind: string; readonly name: string }>;
}

/** The parts of a browser's `FileSystemSyncAccessHandle` that are used. */
export interface SyncAccessHandleLike {
  getSize(): number;
  read(buffer: Uint8Array, options?: { at?: number }): number;
  write(buffer: Uint8Array, options?: { at?: number }): number;
  truncate(size: number): void;
  flush(): void;
}

/** Recognises values by what they have: functions, numbers and strings of these names. */
function like<T>(functions: string, numbers = "", strings = ""): (value: unknown) => value is T {
  const shape = Object.entries({ function: functions, number: numbers, string: strings });
  return (value): value is T =>
    typeof value === "object" &&
    value !== null &&
    shape.every(([type, names]) =>
      names
        .split(" ")
        .every((name) => name === "" || typeof (value as Record<string, unknown>)[name] === type),
    );
}

/** Whether a value is memory without a view on it, shared or not. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

export const isUrl = /* @__PURE__ */ like<URL>("", "", "href protocol");
export const isResponse = /* @__PURE__ */ like<Response>("arrayBuffer clone", "status");
export const isBlob = /* @__PURE__ */ like<BlobLike>("slice", "size");
/** Whether a value is a `FileHandle` of `node:fs/promises`. */
export const isFileHandle = /* @__PURE__ */ like<FileHandleLike>("read stat", "fd");
export const isOpfsFile = /* @__PURE__ */ like<OpfsFileLike>("getFile", "", "kind");
export const isOpfsDirectory = /* @__PURE__ */ like<OpfsDirectoryLike>("getFileHandle", "", "kind");
export const isSyncHandle = /* @__PURE__ */ like<SyncAccessHandleLike>("getSize read flush");
export const isByteSource = /* @__PURE__ */ like<ByteSource>("read", "size");
// Its type is spelled out: inferred, the declaration would have `Uint8Array<ArrayBufferLike>`, unknown before TypeScript 5.7.
/** Whether a value is a web stream to write to. */
export const isWritableStream: (value: unknown) => value is WritableStream<Uint8Array> =
  /* @__PURE__ */ like("getWriter abort");
/** Whether a value is a stream of Node: it looks like a sink of your own, but its methods wait for nothing. */
export const isNodeStream = /* @__PURE__ */ like<object>("pipe on");
export const isByteSink = /* @__PURE__ */ like<ByteSink>("write close");
export const isStore = /* @__PURE__ */ like<Store>("source sink list remove");
/** Whether a value can list files and open them. */
export const isFolder = /* @__PURE__ */ like<Folder>("source list");
