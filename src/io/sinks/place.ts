/** Strings and URLs to write to. */
import { isUrl } from "../duck-types.ts";
import { cannot } from "../faults.ts";
import type { SinkOptions } from "../options.ts";
import { resolveAddress, schemeOf } from "../schemes.ts";
import { displayUrl } from "../sources/response.ts";
import { fileSystem, isUrlText } from "../urls.ts";
import { folderError } from "./folder.ts";
import type { OpenedSink } from "./kind.ts";

/** Opens a path, a `file:` URL, or an address whose scheme is registered. */
export function createAddress(output: unknown, options: SinkOptions): Promise<OpenedSink> | undefined {
  if (typeof output !== "string" && !isUrl(output)) return undefined;
  const scheme = schemeOf(String(output));
  return scheme === undefined
    ? createPath(output, options)
    : createRegistered(scheme, String(output), options);
}

async function createPath(output: string | URL, options: SinkOptions): Promise<OpenedSink> {
  const target = typeof output === "string" && !isUrlText(output) ? output : new URL(output);
  if (typeof target === "string" || target.protocol === "file:") {
    const sink = await fileSystem("UnsupportedSink", target).createPath(target, options);
    return { sink, name: String(target) };
  }
  const name = displayUrl(target.href);
  const problem = "pass the result of `serialize` to `fetch`, or pass a WritableStream";
  throw cannot("UnsupportedSink", "write to", name, problem);
}

async function createRegistered(scheme: string, address: string, options: SinkOptions): Promise<OpenedSink> {
  const { store, key } = await resolveAddress(scheme, address, options, "UnsupportedSink");
  if (key === undefined) throw folderError(address);
  return { sink: await store.sink(key, options), name: address };
}
