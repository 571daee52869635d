/** The folder of a server, for reading only. */
import { placeError } from "../faults.ts";
import type { Limiter } from "../limiter.ts";
import type { OpenSourceOptions } from "../options.ts";
import { httpSource } from "../sources/http.ts";
import { displayUrl } from "../sources/response.ts";
import type { Folder } from "../types.ts";
import { checkKey, urlOf } from "../urls.ts";

/**
 * The files below a URL. Servers have no common way to list a folder, to write or to remove.
 *
 * @param options How its files are requested.
 */
export function httpFolder(base: URL, options: OpenSourceOptions, limiter: Limiter): Folder {
  const name = displayUrl(base.href);
  return {
    name,
    async source(key, { signal } = {}) {
      checkKey(key);
      return httpSource(urlOf(key, base), { ...options, signal }, limiter);
    },
    // biome-ignore lint/correctness/useYield: it has nothing to yield
    async *list() {
      const problem = "can't list a folder over HTTP; name the file in it, such as its index";
      throw placeError("UnsupportedSource", name, problem);
    },
  };
}
