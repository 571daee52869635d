/** How places on the network are reached: `--header`, `--token`, `--cache`. */
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "./exit.ts";

/** What the command line says about access. None of it is ever printed. */
export interface Access {
  /** Headers for `http:` and `https:` addresses. */
  readonly headers: Readonly<Record<string, string>>;
  /** The token for the hub, where the environment's is not meant. */
  readonly token: string | undefined;
  /** The folder of the cache, where there is to be one. */
  readonly cache: string | undefined;
}

/** Access without anything that was asked for. */
export const PLAIN_ACCESS: Access = { headers: {}, token: undefined, cache: undefined };

/** What `--header`, `--token` and `--cache` say. */
export interface AccessOptions {
  readonly header?: readonly string[];
  readonly token?: string;
  readonly cache?: string | true;
}

/** Reads `--header`, `--token` and `--cache`. */
export function parseAccess({ header = [], token, cache }: AccessOptions): Access {
  return {
    headers: parseHeaders(header),
    token: token === undefined ? undefined : parseToken(token),
    cache: cache === undefined ? undefined : cache === true || cache === "" ? cacheFolder() : cache,
  };
}

// The messages don't repeat what was given, because it is a secret.
function parseHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError("--header: expected 'Name: value', with plain characters in both");
    headers.set(name, value);
  }
  return Object.fromEntries(headers);
}

function parseToken(text: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]*$/.test(token)) return token;
  throw new UsageError("--token: a token has letters, digits and signs, and no spaces");
}

/** Where the cache is unless the command line says otherwise: in the folder that the platform has for caches. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const home = homedir();
  const base =
    env.XDG_CACHE_HOME ||
    (platform === "win32"
      ? env.LOCALAPPDATA || join(home, "AppData", "Local")
      : platform === "darwin"
        ? join(home, "Library", "Caches")
        : join(home, ".cache"));
  return join(base, "pytree2safetensors");
}
