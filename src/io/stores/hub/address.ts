/** Addresses on the hub, `hf://owner/repo@revision/path`, and the URLs that they stand for. */
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";
import { encodePath } from "../../urls.ts";

/** A repository at a revision. */
export interface HubRepo {
  readonly type: "model" | "dataset" | "space";
  /** `owner/name`. */
  readonly id: string;
  /** A branch, a tag, a commit, `refs/pr/1`. */
  readonly revision: string;
}

const TYPE = /^(model|dataset|space)s\//;
// These revisions have slashes of their own; in others a slash is written `%2F`.
const REF = /^refs\/(?:pr\/\d+|convert\/[^/]+)(?=\/|$)/;
const NAME = /^[A-Za-z0-9_][\w.-]*$/;

/** The parts of an address; without a name, it is a folder, or the whole repository. */
export function parseHubAddress(address: string): {
  repo: HubRepo;
  folder: string;
  name: string | undefined;
} {
  const rest = address.replace(/^hf:\/\//i, "");
  const type = (TYPE.exec(rest)?.[1] ?? "model") as HubRepo["type"];
  const match = /^([^/@]+)\/([^/@]+)(?:@(.*)|(\/.*))?$/s.exec(rest.replace(TYPE, ""));
  if (match === null || !NAME.test(match[1]!) || !NAME.test(match[2]!)) {
    const found = quote(address);
    const message = `${found} is not an address on the hub: write hf://owner/repo, hf://owner/repo/path or hf://owner/repo@revision/path`;
    const expected = "hf://owner/repo[@revision][/path]";
    throw new Pytree2SafetensorsError("InvalidArgument", message, { expected, found });
  }
  const [, owner, name, after, plain = ""] = match;
  const written = after === undefined ? "main" : (REF.exec(after)?.[0] ?? after.split("/", 1)[0]!);
  const path = (after === undefined ? plain : after.slice(written.length)).slice(1);
  const end = path.lastIndexOf("/") + 1;
  return {
    repo: { type, id: `${owner}/${name}`, revision: decode(written, address) },
    folder: path.slice(0, end),
    name: path.slice(end) || undefined,
  };
}

/** The path of a repository's page. */
export function repoPath({ type, id }: HubRepo): string {
  return type === "model" ? id : `${type}s/${id}`;
}

/** How messages call a repository, or a file in it. */
export function hubName(repo: HubRepo, path = ""): string {
  const { revision } = repo;
  return `hf://${repoPath(repo)}${revision === "main" ? "" : `@${revision}`}${path && `/${path}`}`;
}

/** The URL of a file. */
export function resolveUrl(endpoint: string, repo: HubRepo, path: string): URL {
  const revision = encodeURIComponent(repo.revision);
  return new URL(`${endpoint}/${repoPath(repo)}/resolve/${revision}/${encodePath(path)}`);
}

/** The URL of the list of a folder. */
export function treeUrl(
  endpoint: string,
  { type, id, revision }: HubRepo,
  folder: string,
  recursive: boolean,
): URL {
  const path = folder && `/${encodePath(folder.replace(/\/$/, ""))}`;
  const base = `${endpoint}/api/${type}s/${id}/tree/${encodeURIComponent(revision)}${path}`;
  return new URL(`${base}?recursive=${recursive}`);
}

function decode(revision: string, address: string): string {
  try {
    if (revision !== "") return decodeURIComponent(revision);
  } catch {
    // A percent sign that begins nothing.
  }
  const message = `${quote(address)} has no valid revision after its "@"`;
  throw new Pytree2SafetensorsError("InvalidArgument", message);
}
