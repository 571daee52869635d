/** The folder of a server, for reading only. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import type { Limiter } from "../limiter.ts";
import type { OpenSourceOptions } from "../options.ts";
import { httpLimiter, httpSource } from "../sources/http.ts";
import { displayUrl } from "../sources/response.ts";
import type { Folder, Store } from "../types.ts";
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
      throw refusal("UnsupportedSource", name, "list a folder", "name the file in it, such as its index");
    },
  };
}

/** The same as a store, which says why it can't be written. */
export function httpStore(base: URL, options: OpenSourceOptions): Store {
  const folder = httpFolder(base, options, httpLimiter());
  const refuse = (action: string, advice: string) => {
    throw refusal("UnsupportedSink", folder.name!, action, advice);
  };
  return {
    ...folder,
    sink: () => refuse("write", "give what `serialize` makes to `fetch`, or use an S3 store"),
    remove: () => refuse("remove a file", "use a store that can be written"),
  };
}

function refusal(
  code: "UnsupportedSource" | "UnsupportedSink",
  name: string,
  action: string,
  advice: string,
) {
  const message = `${name}: can't ${action} over HTTP; ${advice}`;
  return new Pytree2SafetensorsError(code, message, { source: name });
}
