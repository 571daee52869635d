/** Strings and URLs: a table of what each scheme means. */
import type { Awaitable } from "../../base/types.ts";
import { isUrl } from "../duck-types.ts";
import type { OpenSourceOptions } from "../options.ts";
import { resolveAddress, schemeOf } from "../schemes.ts";
import { openHubAddress } from "../stores/hub/store.ts";
import type { Store } from "../types.ts";
import { fileSystem, locate } from "../urls.ts";
import { openFetched } from "./blob.ts";
import { openHttp } from "./http.ts";
import type { Opened } from "./kind.ts";

const SCHEMES: Readonly<Record<string, (url: URL, options: OpenSourceOptions) => Awaitable<Opened | Store>>> =
  {
    "http:": openHttp,
    "https:": openHttp,
    "file:": openFile,
    "blob:": openFetched,
    "data:": openFetched,
  };

/** Opens a path, a URL, or an address whose scheme is registered. */
export function openAddress(
  input: unknown,
  options: OpenSourceOptions,
): Awaitable<Opened | Store> | undefined {
  if (typeof input !== "string" && !isUrl(input)) return undefined;
  const scheme = schemeOf(String(input));
  if (scheme !== undefined) return openRegistered(scheme, String(input), options);
  const place = locate(input);
  if (typeof place === "string") return openFile(place, options);
  const open = SCHEMES[place.protocol];
  return open ? open(place, options) : openRegistered(place.protocol.slice(0, -1), place.href, options);
}

function openFile(path: string | URL, options: OpenSourceOptions): Promise<Opened | Store> {
  return fileSystem("UnsupportedSource", path).openPath(path, options);
}

async function openRegistered(
  scheme: string,
  address: string,
  options: OpenSourceOptions,
): Promise<Opened | Store> {
  // The hub needs no more than HTTP, so its addresses are known everywhere.
  const { store, key } =
    scheme === "hf"
      ? await openHubAddress(address, options)
      : await resolveAddress(scheme, address, options, "UnsupportedSource");
  if (key === undefined) return store;
  return { source: await store.source(key, options), owned: true, folder: store };
}
