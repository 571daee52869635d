import { type ErrorCode, Pytree2SafetensorsError } from "../base/errors.ts";
import { getPlatform, type Platform } from "./platform.ts";

/** Whether a string is an URL, and no path. */
export function isUrlText(place: string): boolean {
  return /^(https?|file|blob|data):/i.test(place);
}

/** What a string or an URL means: an URL, or where there is a file system, a path. */
export function locate(place: string | URL): string | URL {
  if (typeof place !== "string") return place;
  if (isUrlText(place)) return new URL(place);
  // In a page a string is what it is in `fetch`.
  const base = getPlatform() ? undefined : (globalThis.document?.baseURI ?? globalThis.location?.href);
  return base !== undefined && /^https?:/.test(base) ? new URL(place, base) : place;
}

/** The place of the file `name` beside the one at `place`; an URL keeps its query, which may be what signs it. */
export function beside(place: string | URL, name: string): string | URL {
  checkFileName(name);
  if (typeof place === "string" || place.protocol === "file:")
    return fileSystem("UnsupportedSource", place).sibling(place, name);
  const url = new URL(name.split("/").map(encodeURIComponent).join("/"), place);
  url.search = place.search;
  return url;
}

/** The place of the file `name` in the folder at `place`. */
export function inside(place: string | URL, name: string): string | URL {
  // Any file of the folder has what lies beside it in the folder.
  if (typeof place === "string") return beside(`${place}/_`, name);
  const url = new URL(place);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/_`;
  return beside(url, name);
}

/** Refuses a name that would lead out of its folder. */
export function checkFileName(name: string): void {
  if (name !== "" && !/^\/|\\|\0|^[a-z]:|(^|\/)\.{0,2}(\/|$)/i.test(name)) return;
  throw new Pytree2SafetensorsError(
    "InvalidIndex",
    `${JSON.stringify(name)} is no name of a file in its folder`,
  );
}

/** What this runtime has for paths, or the error that it has nothing. */
export function fileSystem(code: ErrorCode & `Unsupported${string}`, what: string | URL): Platform {
  const found = getPlatform();
  if (found !== undefined) return found;
  throw new Pytree2SafetensorsError(
    code,
    `${what}: this runtime has no file system; use a URL, a Blob, bytes, a stream or an OPFS handle`,
  );
}
