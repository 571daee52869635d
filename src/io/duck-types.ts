/**
 * What the openers recognise, by shape and not by class: objects of another realm, of polyfills and of
 * other packages count, and the types need neither `@types/node` nor the DOM library's file system part.
 */

import type { UnsharedBytes } from "../base/types.ts";
import type { ByteSink, ByteSource, Store } from "./types.ts";

/** What is used of a `Blob` or `File`; lazy blobs, as the Hugging Face hub client makes them, have it too. */
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

/** What is used of the `FileHandle` that `open` of `node:fs/promises` gives. */
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
  /** Several views in one call; without it each is a call of its own. */
  writev?(buffers: readonly Uint8Array[], position?: number): Promise<{ readonly bytesWritten: number }>;
  stat(): Promise<FileStatLike>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
}

/** What is used of a browser's `FileSystemFileHandle`. */
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

/** What is used of a browser's `FileSystemDirectoryHandle`. */
export interface OpfsDirectoryLike {
  readonly kind: "directory";
  readonly name: string;
  getFileHandle(name: string, options?: { create?: boolean }): Promise<OpfsFileLike>;
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<OpfsDirectoryLike>;
  removeEntry(name: string): Promise<void>;
  values(): AsyncIterable<{ readonly kind: string; readonly name: string }>;
}

/** What is used of a browser's `FileSystemSyncAccessHandle`. */
export interface SyncAccessHandleLike {
  getSize(): number;
  read(buffer: Uint8Array, options?: { at?: number }): number;
  write(buffer: Uint8Array, options?: { at?: number }): number;
  truncate(size: number): void;
  flush(): void;
}

type Shape = Readonly<Record<string, "number" | "string" | "function">>;

function has(value: unknown, shape: Shape): boolean {
  if (typeof value !== "object" || value === null) return false;
  const object = value as Readonly<Record<string, unknown>>;
  for (const key in shape) if (typeof object[key] !== shape[key]) return false;
  return true;
}

/** Whether `value` is a `URL`. */
export function isUrl(value: unknown): value is URL {
  return has(value, { href: "string", protocol: "string" });
}

/** Whether `value` is memory without a view on it, shared or not. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

/** Whether `value` is a `Response`. */
export function isResponse(value: unknown): value is Response {
  return has(value, { status: "number", arrayBuffer: "function", clone: "function" });
}

/** Whether `value` is a `Blob`, or like one. */
export function isBlob(value: unknown): value is BlobLike {
  return has(value, { size: "number", slice: "function" });
}

/** Whether `value` is a `FileHandle` of `node:fs/promises`. */
export function isFileHandle(value: unknown): value is FileHandleLike {
  return has(value, { fd: "number", read: "function", stat: "function" });
}

/** Whether `value` is a browser's file handle. */
export function isOpfsFile(value: unknown): value is OpfsFileLike {
  return has(value, { kind: "string", getFile: "function" });
}

/** Whether `value` is a browser's folder handle. */
export function isOpfsDirectory(value: unknown): value is OpfsDirectoryLike {
  return has(value, { kind: "string", getFileHandle: "function" });
}

/** Whether `value` is a synchronous access handle. */
export function isSyncHandle(value: unknown): value is SyncAccessHandleLike {
  return has(value, { getSize: "function", read: "function", flush: "function" });
}

/** Whether `value` has the shape of a source of your own. */
export function isByteSource(value: unknown): value is ByteSource {
  return has(value, { size: "number", read: "function" });
}

/** Whether `value` is a web stream to write to. */
export function isWritableStream(value: unknown): value is WritableStream<Uint8Array> {
  return has(value, { getWriter: "function", abort: "function" });
}

/** Whether `value` is a stream of Node: it looks like a sink of your own, but its methods wait for nothing. */
export function isNodeStream(value: unknown): boolean {
  return has(value, { pipe: "function", on: "function" });
}

/** Whether `value` has the shape of a sink of your own. */
export function isByteSink(value: unknown): value is ByteSink {
  return has(value, { write: "function", close: "function" });
}

/** Whether `value` has the shape of a store. */
export function isStore(value: unknown): value is Store {
  return has(value, { source: "function", sink: "function", list: "function", remove: "function" });
}
