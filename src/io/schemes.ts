/** Addresses of other services, `s3://bucket/key` and the like: an entry of the package registers how they are opened. */
import { invalidArgument, requireFunction } from "../base/arguments.ts";
import { type ErrorCode, Pytree2SafetensorsError } from "../base/errors.ts";
import { printable } from "../base/quote.ts";
import type { OpenSourceOptions, SinkOptions } from "./options.ts";
import type { Store } from "./types.ts";

/** What an address refers to: a key of a store, or the store itself. */
export interface Address {
  /** The store; for a file, the store of its folder. */
  readonly store: Store;
  /** The key of the file in the store. Without it, the address is a folder. */
  readonly key?: string | undefined;
}

/** Resolves an address of one scheme. An address that ends in "/" is a folder. `openStore` adds the "/". */
export type OpenScheme = (
  address: string,
  options: OpenSourceOptions & SinkOptions,
) => Address | Promise<Address>;

const schemes = new Map<string, OpenScheme>();

// The schemes that this package can open, but not by themselves or not for writing.
const KNOWN: Readonly<Record<string, string>> = {
  s3: 's3:// addresses aren\'t set up; call `registerS3()` of "pytree2safetensors/s3" first',
  hf: "hf:// addresses are for reading; write with the hub's own client, see docs/recipes/hub.md",
};

/**
 * Registers how addresses that begin with `scheme://` are opened. They then work wherever a path or a URL does.
 *
 * @param scheme The scheme in lower case, without the colon.
 * @throws `InvalidArgument` if the scheme is not valid, or is one of URLs: `http`, `https`, `file`, `blob` or `data`.
 * @example
 * ```ts
 * const store = memoryStore();
 * registerScheme("memory", (address) => ({ store, key: address.slice("memory://".length) }));
 * await savePytree({ w: new Float32Array(8) }, "memory://model.safetensors");
 * ```
 */
export function registerScheme(scheme: string, open: OpenScheme): void {
  if (typeof scheme !== "string" || !/^[a-z][a-z0-9+.-]+$/.test(scheme))
    throw invalidArgument("scheme", "a scheme in lower case, without the colon", scheme);
  if (schemeOf(`${scheme}://`) === undefined)
    throw invalidArgument("scheme", "a scheme other than http, https, file, blob and data", scheme);
  requireFunction("open", open);
  schemes.set(scheme, open);
}

/** The scheme of an address, in lower case; `undefined` for paths, and for the URLs that are opened without a registered scheme. */
export function schemeOf(place: string): string | undefined {
  // One letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(place)?.[1]?.toLowerCase();
  return scheme === undefined || /^(https?|file|blob|data)$/.test(scheme) ? undefined : scheme;
}

/** Resolves an address by what was registered for its scheme. */
export async function resolveAddress(
  scheme: string,
  place: string,
  options: OpenSourceOptions & SinkOptions,
  code: ErrorCode & `Unsupported${string}`,
): Promise<Address> {
  const open = schemes.get(scheme);
  if (open !== undefined) return open(place, options);
  const known = Object.hasOwn(KNOWN, scheme) ? KNOWN[scheme] : undefined;
  const problem =
    known ??
    `the scheme ${printable(scheme)}:// is not known here; use a path, an https: URL, or a store of your own`;
  const source = printable(place, 200);
  const message = `${source}: ${problem}`;
  throw new Pytree2SafetensorsError(code, message, { source, found: `${printable(scheme)}://` });
}
