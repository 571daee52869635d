/** A repository of the hub, or a folder in it, to read from. */
import { printable } from "../../../base/quote.ts";
import { placeError } from "../../faults.ts";
import type { OpenSourceOptions } from "../../options.ts";
import { exchange } from "../../sources/exchange.ts";
import { httpLimiter, httpSource } from "../../sources/http.ts";
import { refusal } from "../../sources/refusal.ts";
import { readWhole } from "../../sources/response.ts";
import { withRetries } from "../../sources/retry.ts";
import type { Folder } from "../../types.ts";
import { checkKey } from "../../urls.ts";
import { isListed } from "../listing.ts";
import { type HubRepo, hubName, parseHubAddress, resolveUrl, treeUrl } from "./address.ts";
import { HubClient } from "./client.ts";
import { resolveHubOptions } from "./options.ts";

// A page of a list has a thousand entries.
const MAX_LIST_BYTES = 16 * 2 ** 20;

/** Opens an address: the store of its folder, and the key in it unless the address is a folder. */
export async function openHubAddress(
  address: string,
  options: OpenSourceOptions,
): Promise<{ store: Folder; key: string | undefined }> {
  const { repo, folder, name } = parseHubAddress(address);
  const client = new HubClient(await resolveHubOptions(options.hub ?? {}), options.fetch);
  return { store: hubFolder(client, repo, folder, options), key: name };
}

function hubFolder(client: HubClient, repo: HubRepo, folder: string, options: OpenSourceOptions): Folder {
  const limiter = httpLimiter();
  const name = printable(hubName(repo, folder.replace(/\/$/, "")));
  return {
    name,
    source(key, { signal } = {}) {
      checkKey(key);
      const path = folder + key;
      const fetch = client.reader(repo, path);
      const own = { ...options, signal, fetch, name: printable(hubName(repo, path)) };
      return httpSource(resolveUrl(client.endpoint, client.pinned(repo), path), own, limiter);
    },
    async *list(prefix = "", { shallow = false, signal } = {}) {
      const { retries, timeout } = options;
      const place = folder + prefix.slice(0, prefix.lastIndexOf("/") + 1);
      const asked = {
        name: printable(hubName(repo, place)),
        signal,
        timeout,
        broke: "the hub can't be reached: ",
      };
      const headers = new Headers(options.headers as HeadersInit | undefined);
      const first = treeUrl(client.endpoint, client.pinned(repo), place, !shallow);
      for (let next: string | undefined = first.href; next !== undefined; ) {
        const url: string = next;
        const { text, link } = await withRetries({ retries, signal }, () =>
          exchange(asked, async (abort, onProgress) => {
            const { response } = await client.fetch(url, { headers, signal: abort }, repo, place);
            onProgress();
            if (!response.ok) throw await refusal(response, asked.name);
            const body = await readWhole(response, asked.name, { bound: () => MAX_LIST_BYTES }, onProgress);
            return { text: new TextDecoder().decode(body), link: response.headers.get("link") };
          }),
        );
        for (const { path, size } of parseList(text, asked.name)) {
          const key = path.slice(folder.length);
          if (path.startsWith(folder) && isListed(key, prefix, shallow)) yield { key, size };
        }
        const following = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
        next = following && new URL(following, url).href;
      }
    },
  };
}

/** The files of a page of a list. */
function parseList(text: string, name: string): { path: string; size: number }[] {
  const isEntry = ({ type, path, size }: Record<string, unknown>) =>
    typeof type === "string" && typeof path === "string" && (type !== "file" || Number.isSafeInteger(size));
  try {
    const entries: unknown = JSON.parse(text);
    if (Array.isArray(entries) && entries.every(isEntry))
      return entries.filter(({ type }) => type === "file");
  } catch {
    // It is no JSON, or has an entry that is no object.
  }
  throw placeError("HttpError", name, "the hub's list of files can't be read");
}
