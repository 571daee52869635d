/** Requests to the hub: the token goes to the hub and to no other host, whatever the hub redirects to. */
import type { HttpOptions } from "../../options.ts";
import { getPlatform } from "../../platform.ts";
import { httpError } from "../../sources/response.ts";
import { type HubRepo, hubName } from "./address.ts";
import { hubError } from "./errors.ts";
import type { HubOptions } from "./options.ts";

const MAX_REDIRECTS = 5;

export class HubClient {
  readonly endpoint: string;
  readonly #token: string | undefined;
  readonly #fetch: NonNullable<HttpOptions["fetch"]>;
  /** The commit that the revision was when it was asked for first: files of one store are of one commit. */
  #commit: string | undefined;

  constructor(
    { endpoint, token }: HubOptions & { readonly endpoint: string },
    fetchOption: HttpOptions["fetch"],
  ) {
    this.endpoint = endpoint;
    this.#token = token || undefined;
    this.#fetch = fetchOption ?? ((url, init) => fetch(url, init));
  }

  /** The repository at the commit that is being read, once that is known. */
  pinned(repo: HubRepo): HubRepo {
    return this.#commit === undefined ? repo : { ...repo, revision: this.#commit };
  }

  /** What reads one file in place of `fetch`. It remembers where the hub keeps the file, until that address expires. */
  reader(repo: HubRepo, path: string): NonNullable<HttpOptions["fetch"]> {
    let place: string | undefined;
    return async (url, init) => {
      if (place !== undefined) {
        const response = await this.#send(place, init, "follow");
        // The address was signed for some time only.
        if (response.status < 400 || response.status === 416 || response.status >= 500) return response;
        await response.body?.cancel();
        place = undefined;
      }
      const { response, url: last } = await this.fetch(url, init, repo, path);
      if (this.#isElsewhere(last)) place = last;
      return response;
    };
  }

  /** One exchange, redirects followed; errors of the hub are thrown as what they mean. */
  async fetch(
    url: string,
    init: RequestInit,
    repo: HubRepo,
    path: string,
  ): Promise<{ response: Response; url: string }> {
    // A page never sees a redirect: there the browser follows, and takes the token off on the way to another origin.
    const redirect = getPlatform() === undefined ? "follow" : "manual";
    for (let count = 0, at = url; count <= MAX_REDIRECTS; count++) {
      const response = await this.#send(at, init, redirect);
      this.#commit ??= this.#isElsewhere(at) ? undefined : commitOf(response);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) {
        const error = hubError(response, this.endpoint, repo, path, this.#token !== undefined);
        if (error === undefined) return { response, url: at };
        await response.body?.cancel();
        throw error;
      }
      await response.body?.cancel();
      at = new URL(location, at).href;
    }
    throw httpError(hubName(repo, path), 302, `more than ${MAX_REDIRECTS} redirects`);
  }

  #send(url: string, init: RequestInit, redirect: RequestRedirect): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#isElsewhere(url)) headers.delete("authorization");
    else if (this.#token !== undefined) headers.set("authorization", `Bearer ${this.#token}`);
    return this.#fetch(url, { ...init, headers, redirect });
  }

  #isElsewhere(url: string): boolean {
    return new URL(url).origin !== new URL(this.endpoint).origin;
  }
}

function commitOf({ headers }: Response): string | undefined {
  const commit = headers.get("x-repo-commit");
  return commit !== null && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined;
}
