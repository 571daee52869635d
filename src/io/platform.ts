import type { FileHandleLike } from "./duck-types.ts";
import type { ByteSink, ByteSource } from "./types.ts";

/** How a sink writes. */
export interface SinkOptions {
  /** Aborts the writing; a path's old file then stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to wait until a file is on the disk itself, so that it outlives a crash of the machine; true by default. */
  readonly flush?: boolean | undefined;
}

/** A folder that files are written into, each whole or not at all. */
export interface SinkDirectory {
  /** What to call it in messages. */
  readonly name: string;
  /** A sink for the file `name` of the folder. */
  file(name: string): Promise<Required<ByteSink>>;
  /** The names of the folder's entries. */
  list(): Promise<string[]>;
  /** When a file was last written, in milliseconds since 1970. */
  modified(name: string): Promise<number>;
  /** Removes a file, if it is there. */
  remove(name: string): Promise<void>;
  /** Removes what dead saves to files of these names left behind, where the runtime's files leave something. */
  clearLitter?(isTarget: (name: string) => boolean): Promise<void>;
}

/** What runtimes with a file system add: paths, `file:` URLs and file handles. */
export interface Platform {
  openPath(path: string | URL, signal?: AbortSignal): Promise<ByteSource>;
  openHandle(handle: FileHandleLike): Promise<ByteSource>;
  /** The path of the file `name` beside the one at `path`. */
  sibling(path: string | URL, name: string): string;
  createPath(path: string | URL, options: SinkOptions): Promise<ByteSink>;
  createHandle(handle: FileHandleLike, options: SinkOptions): Promise<ByteSink>;
  /** Makes the folder if it is not there. */
  createDirectory(path: string | URL, options: SinkOptions): Promise<SinkDirectory>;
}

let current: Platform | undefined;

/** Teaches the openers; `platform.node.ts` calls it when it is imported. */
export function setPlatform(platform: Platform): void {
  current = platform;
}

/** What the runtime added, `undefined` in a browser. */
export function getPlatform(): Platform | undefined {
  return current;
}
