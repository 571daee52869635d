/** What strings and URLs mean, and the URLs of keys inside a folder of a server. */
import { type ErrorCode, Pytree2SafetensorsError } from "../base/errors.ts";
import { isInside } from "../base/inside.ts";
import { printable, quote } from "../base/quote.ts";
import { placeError } from "./faults.ts";
import { getPlatform, type Platform } from "./platform.ts";

/** Whether a string is a URL, and not a path. */
export function isUrlText(place: string): boolean {
  return /^(https?|file|blob|data):/i.test(place);
}

/** What a string or a URL means: a URL, or, if there is a file system, a path. */
export function locate(place: string | URL): string | URL {
  if (typeof place !== "string") return place;
  if (isUrlText(place)) return parseUrl(place);
  // In a page a string is what it is in `fetch`.
  const base = getPlatform() ? undefined : (globalThis.document?.baseURI ?? globalThis.location?.href);
  return base !== undefined && /^https?:/.test(base) ? new URL(place, base) : place;
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    const found = quote(text);
    throw new Pytree2SafetensorsError("InvalidArgument", `${found} is not a valid URL`, { found, cause });
  }
}

/** The URL of a key in the folder at `base`. The query is kept, because it may be what signs the request. */
export function urlOf(key: string, base: URL): URL {
  const url = new URL(base);
  const folder = url.pathname.replace(/\/?$/, "/");
  url.pathname = folder + encodePath(key);
  return url;
}

/** A path in a URL, whatever its parts contain. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The URL of the folder in which a file lies. */
export function folderOf(url: URL): URL {
  const folder = new URL(".", url);
  folder.search = url.search;
  return folder;
}

/** Refuses a key that would lead out of its store. */
export function checkKey(key: string): void {
  if (typeof key === "string" && isInside(key)) return;
  const found = typeof key === "string" ? quote(key) : typeof key;
  const message = `${found} can't be a key: a key is a path inside the store, such as "folder/file", without ".", "..", "\\", ":", "?" and "#"`;
  const expected = "a path inside the store";
  throw new Pytree2SafetensorsError("InvalidArgument", message, { expected, found });
}

/** What this runtime has for paths, or the error that it has nothing. */
export function fileSystem(code: ErrorCode & `Unsupported${string}`, what: string | URL): Platform {
  const found = getPlatform();
  if (found !== undefined) return found;
  const place = printable(String(what), 200);
  const problem = "this runtime has no file system; use a URL, a Blob, bytes, a stream or an OPFS handle";
  throw placeError(code, place, problem);
}
