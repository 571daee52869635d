/** The folder of a server, for reading only. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { Limiter } from "../limiter.ts";
import type { OpenSourceOptions } from "../options.ts";
import { httpLimiter, httpSource } from "../sources/http.ts";
import { displayUrl } from "../sources/response.ts";
import type { Store } from "../types.ts";
import { checkKey, urlOf } from "../urls.ts";

/**
 * The files below a URL. Servers have no common way to list a folder, to write or to remove.
 *
 * @param options How its files are requested.
 */
export function httpStore(
  base: URL,
  options: OpenSourceOptions = {},
  limiter: Limiter = httpLimiter(),
): Store {
  const name = displayUrl(base.href);
  const refuse = (code: "UnsupportedSource" | "UnsupportedSink", action: string, advice: string) =>
    new Pytree2SafetensorsError(code, `${name}: can't ${action} over HTTP; ${advice}`, { source: name });
  return {
    name,
    async source(key, { signal } = {}) {
      checkKey(key);
      return httpSource(urlOf(key, base), { ...options, signal }, limiter);
    },
    sink() {
      throw refuse("UnsupportedSink", "write", "give what `serialize` makes to `fetch`, or use an S3 store");
    },
    // biome-ignore lint/correctness/useYield: it has nothing to yield
    async *list() {
      throw refuse("UnsupportedSource", "list a folder", "name the file in it, such as its index");
    },
    remove() {
      throw refuse("UnsupportedSink", "remove a file", "use a store that can be written");
    },
  };
}
