/** Opens whatever bytes can be read from. A new kind of source is one new file and one line in the table. */
import { requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";
import type {
  BlobLike,
  FileHandleLike,
  OpfsDirectoryLike,
  OpfsFileLike,
  SyncAccessHandleLike,
} from "./duck-types.ts";
import { isByteSource, isFolder, isOpfsDirectory, isStore } from "./duck-types.ts";
import { cannot } from "./faults.ts";
import { ExactSource } from "./guard.ts";
import type { OpenSourceOptions } from "./options.ts";
import { openBlob } from "./sources/blob.ts";
import { openBytes } from "./sources/bytes.ts";
import { openHandle } from "./sources/file-handle.ts";
import type { SourceKind } from "./sources/kind.ts";
import { openOpfsFile } from "./sources/opfs.ts";
import { openAddress } from "./sources/place.ts";
import { openResponse } from "./sources/response.ts";
import { openSyncHandle } from "./sources/sync-handle.ts";
import { opfsFolder } from "./stores/opfs.ts";
import type { ByteSource, Folder, Store } from "./types.ts";
import { checkKey } from "./urls.ts";

/**
 * Everything that can be read from. A string that begins with `http:`, `https:`, `file:`, `blob:` or `data:` is a URL. A
 * string that begins with the scheme of a service, such as `s3://`, is an address. Any other string is a path, or in a
 * browser a URL relative to the page. Functions that look for a checkpoint also accept folders and stores.
 */
export type SourceInput =
  | string
  | URL
  | BlobLike
  | ArrayBufferLike
  | ArrayBufferView
  | Response
  | FileHandleLike
  | OpfsFileLike
  | OpfsDirectoryLike
  | SyncAccessHandleLike
  | ByteSource
  | Store;

/** A source that was opened, and how to let go of it. */
export interface OpenedSource {
  readonly source: ExactSource;
  /** The store of what lies beside the source, if that can be opened too. */
  readonly folder?: Folder | undefined;
  /** Closes what was opened for it, after the reads under way; the caller's own handles stay open. */
  close(): Promise<void>;
}

// In this order: what comes first may have the shape of what comes later too.
const KINDS: readonly SourceKind[] = [
  openAddress,
  openBytes,
  openResponse,
  openSyncHandle,
  openOpfsFile,
  openHandle,
  (input) => (isStore(input) ? input : undefined),
  (input) => (isOpfsDirectory(input) ? opfsFolder(input) : undefined),
  // The caller closes its own.
  (input) => (isByteSource(input) ? { source: input, owned: false } : undefined),
  openBlob,
];

/** Opens a file, or a folder as its store: a path of a folder, an OPFS directory, a URL that ends in "/", a store. */
export async function openPlace(
  input: SourceInput,
  options: OpenSourceOptions = {},
): Promise<OpenedSource | Folder> {
  requireOptions(options);
  options.signal?.throwIfAborted();
  for (const open of KINDS) {
    const opening = open(input, options);
    if (opening === undefined) continue;
    const opened = await opening;
    return isFolder(opened) ? opened : guarded(opened.source, opened.owned, opened.folder);
  }
  const found = describeValue(input);
  const expected = "a path, a URL, a Blob, bytes, a Response, a file handle, a folder or a ByteSource";
  const message = `can't read from ${found}: pass ${expected}`;
  throw new Pytree2SafetensorsError("UnsupportedSource", message, { expected, found });
}

/** Opens a file; a folder is an error. */
export async function openSource(input: SourceInput, options: OpenSourceOptions = {}): Promise<OpenedSource> {
  const opened = await openPlace(input, options);
  if (!isFolder(opened)) return opened;
  const name = opened.name ?? "the store";
  throw cannot("IoError", "read", name, "it is a folder; name a file in it");
}

/** Opens what a store has under a key; its folder is that store. */
export async function openSourceIn(
  store: Folder,
  key: string,
  options: Pick<OpenSourceOptions, "signal"> = {},
): Promise<OpenedSource> {
  requireOptions(options);
  options.signal?.throwIfAborted();
  checkKey(key);
  return guarded(await store.source(key, options), true, store);
}

function guarded(inner: ByteSource, owned: boolean, folder: Folder | undefined): OpenedSource {
  const source = new ExactSource(inner, owned);
  return { source, folder, close: () => source.close() };
}
