/** Addresses on the hub, `hf://owner/repo@revision/path`, and the URLs that they stand for. */
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";

/** A repository at a revision. */
export interface HubRepo {
  readonly type: "model" | "dataset" | "space";
  /** `owner/name`. */
  readonly id: string;
  /** A branch, a tag, a commit, `refs/pr/1`. */
  readonly revision: string;
}

const TYPES: Readonly<Record<string, HubRepo["type"]>> = {
  models: "model",
  datasets: "dataset",
  spaces: "space",
};

// These revisions have slashes of their own; in others a slash is written `%2F`.
const REF = /^refs\/(?:pr\/\d+|convert\/[^/]+)(?=\/|$)/;
const NAME = /^[A-Za-z0-9_][\w.-]*$/;

/** The parts of an address; without a name, it is a folder, or the whole repository. */
export function parseHubAddress(address: string): {
  repo: HubRepo;
  folder: string;
  name: string | undefined;
} {
  let rest = address.replace(/^hf:\/\//i, "");
  const prefix = rest.slice(0, rest.indexOf("/"));
  const type = Object.hasOwn(TYPES, prefix) ? TYPES[prefix] : undefined;
  if (type !== undefined) rest = rest.slice(prefix.length + 1);
  const match = /^([^/@]+)\/([^/@]+)(?:@(.*)|(\/.*))?$/s.exec(rest);
  if (match === null || !NAME.test(match[1]!) || !NAME.test(match[2]!)) {
    const found = quote(address);
    throw new Pytree2SafetensorsError(
      "InvalidArgument",
      `${found} is not an address on the hub: write hf://owner/repo, hf://owner/repo/path or hf://owner/repo@revision/path`,
      { expected: "hf://owner/repo[@revision][/path]", found },
    );
  }
  const [, owner, name, after, plain = ""] = match;
  const written = after === undefined ? "main" : (REF.exec(after)?.[0] ?? after.split("/", 1)[0]!);
  const path = (after === undefined ? plain : after.slice(written.length)).slice(1);
  const end = path.lastIndexOf("/") + 1;
  return {
    repo: { type: type ?? "model", id: `${owner}/${name}`, revision: decode(written, address) },
    folder: path.slice(0, end),
    name: path.slice(end) || undefined,
  };
}

/** How messages call a repository, or a file in it. */
export function hubName({ type, id, revision }: HubRepo, path = ""): string {
  const prefix = type === "model" ? "" : `${type}s/`;
  return `hf://${prefix}${id}${revision === "main" ? "" : `@${revision}`}${path && `/${path}`}`;
}

/** The URL of a file. */
export function resolveUrl(endpoint: string, { type, id, revision }: HubRepo, path: string): URL {
  const prefix = type === "model" ? "" : `${type}s/`;
  return new URL(`${endpoint}/${prefix}${id}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`);
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

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decode(revision: string, address: string): string {
  try {
    if (revision !== "") return decodeURIComponent(revision);
  } catch {
    // A percent sign that begins nothing.
  }
  throw new Pytree2SafetensorsError(
    "InvalidArgument",
    `${quote(address)} has no valid revision after its "@"`,
  );
}
