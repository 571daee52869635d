/** What a runtime with a file system adds to the openers. */
import type { FileHandleLike } from "./duck-types.ts";
import type { OpenSourceOptions, SinkOptions } from "./options.ts";
import type { GatheringSink } from "./sinks/kind.ts";
import type { Opened } from "./sources/kind.ts";
import type { HubOptions } from "./stores/hub/options.ts";
import type { Store } from "./types.ts";

/** Paths, `file:` URLs and file handles. */
export interface Platform {
  openPath(path: string | URL, options: OpenSourceOptions): Promise<Opened | Store>;
  openHandle(handle: FileHandleLike): Promise<Opened>;
  createPath(path: string | URL, options: SinkOptions): Promise<GatheringSink>;
  createHandle(handle: FileHandleLike, options: SinkOptions): Promise<GatheringSink>;
  /** The store of a folder, which need not be there yet. */
  openFolder(path: string | URL): Promise<Store>;
  /** Whether `fetch` sends a stream whose length a header says as it sends bytes. */
  readonly streamsBodies: boolean;
  /** What the environment says of the hub. */
  readHubOptions(): Promise<HubOptions>;
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
