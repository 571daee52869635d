/** Opens places with keys. A new kind of store is one new file and one line here. */
import { requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue, printable } from "../base/quote.ts";
import { isOpfsDirectory, isStore, isUrl, type OpfsDirectoryLike } from "./duck-types.ts";
import { cannot } from "./faults.ts";
import type { OpenSourceOptions } from "./options.ts";
import { resolveAddress, schemeOf } from "./schemes.ts";
import { httpLimiter } from "./sources/http.ts";
import { displayUrl } from "./sources/response.ts";
import { httpFolder } from "./stores/http.ts";
import { openHubAddress } from "./stores/hub/store.ts";
import { opfsStore } from "./stores/opfs.ts";
import { readOnlyStore } from "./stores/read-only.ts";
import type { Store } from "./types.ts";
import { fileSystem, locate } from "./urls.ts";

const HTTP = {
  write: "write over HTTP; give what `serialize` makes to `fetch`, or use an S3 store",
  remove: "remove a file over HTTP; use a store that can be written",
};
const CLIENT = "here; the hub is written with its own client, see docs/recipes/hub.md";
const HUB = { write: `write ${CLIENT}`, remove: `remove files ${CLIENT}` };
const PLACES = "a path, a file: URL, an OPFS directory or a store";

/** Everything that can be opened as a store: the path or URL of a folder, the address of a bucket, an OPFS directory, or a store. */
export type StoreInput = string | URL | OpfsDirectoryLike | Store;

/**
 * Opens a store to read from and write to. A server's folder (`https://…/`) can only be read. The folder at a path doesn't
 * have to exist yet.
 *
 * @throws `UnsupportedSource` if the place can't be opened as a store.
 * @example
 * ```ts
 * const store = await openStore("checkpoints");
 * for await (const { key, size } of store.list()) console.log(key, size);
 * ```
 */
export async function openStore(place: StoreInput, options: OpenSourceOptions = {}): Promise<Store> {
  requireOptions(options);
  options.signal?.throwIfAborted();
  const url =
    isUrl(place) || (typeof place === "string" && schemeOf(place) === undefined) ? locate(place) : "";
  if (typeof url !== "string" && /^https?:$/.test(url.protocol))
    return readOnlyStore(httpFolder(url, options, httpLimiter()), HTTP);
  if (/^hf:\/\//i.test(String(place))) {
    // A store is a folder, with or without a slash at its end.
    return readOnlyStore((await openHubAddress(String(place).replace(/\/?$/, "/"), options)).store, HUB);
  }
  return openWritableStore(place, options);
}

/** Opens a store to write to. Nothing is written yet. */
export async function openWritableStore(place: StoreInput, options: OpenSourceOptions = {}): Promise<Store> {
  requireOptions(options);
  options.signal?.throwIfAborted();
  if (isStore(place)) return place;
  if (isOpfsDirectory(place)) return opfsStore(place);
  if (typeof place !== "string" && !isUrl(place)) {
    const found = describeValue(place);
    const message = `${found} is not a place for files: pass ${PLACES}`;
    throw new Pytree2SafetensorsError("UnsupportedSink", message, { expected: PLACES, found });
  }
  const scheme = schemeOf(String(place));
  if (scheme !== undefined) {
    // A folder is meant, whether or not the address says so.
    const folder = String(place).replace(/\/?$/, "/");
    const { store, key } = await resolveAddress(scheme, folder, options, "UnsupportedSink");
    if (key === undefined) return store;
    const source = printable(String(place), 200);
    const message = `${source} is a file, not a folder`;
    throw new Pytree2SafetensorsError("UnsupportedSink", message, { source });
  }
  const target = locate(place);
  if (typeof target !== "string" && target.protocol !== "file:")
    throw cannot("UnsupportedSink", "write files to", displayUrl(target.href), `pass ${PLACES}`);
  return fileSystem("UnsupportedSink", target).openFolder(target);
}
