// STAND-IN until src/io/stores is on main: the Store of the charter, and openStore for folders and stores.
import type { Awaitable } from "../../base/types.ts";
import type { OpfsDirectoryLike } from "../../io/duck-types.ts";
import type { ByteSink, ByteSource } from "../../io/types.ts";

export interface Store {
  readonly name?: string;
  readonly path?: string;
  source(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ByteSource>;
  sink(key: string, options?: { readonly signal?: AbortSignal | undefined }): Awaitable<ByteSink>;
  list(
    prefix?: string,
  ): AsyncIterable<{ readonly key: string; readonly size: number; readonly modified?: number }>;
  remove(key: string): Awaitable<void>;
  clearLitter?(isTarget: (key: string) => boolean): Awaitable<void>;
}

let folderStore: ((path: string | URL) => Store) | undefined;
export function setFolderStore(make: (path: string | URL) => Store): void {
  folderStore = make;
}

export async function openStore(place: string | URL | OpfsDirectoryLike | Store): Promise<Store> {
  if (typeof place === "string" || place instanceof URL) return folderStore!(place);
  return place as Store;
}
