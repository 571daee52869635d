import { Pytree2SafetensorsError } from "../base/errors.ts";
import { abortable } from "./abort.ts";
import * as inputs from "./duck-types.ts";
import { messageOf } from "./faults.ts";
import { ExactSource } from "./guard.ts";
import type { Limiter } from "./limiter.ts";
import type { SinkDirectory, SinkOptions } from "./platform.ts";
import { ExactSink } from "./sinks/guard.ts";
import { opfsDirectory, opfsSink, syncHandleSink } from "./sinks/opfs.ts";
import { streamSink } from "./sinks/stream.ts";
import { blobSource } from "./sources/blob.ts";
import { bytesSource } from "./sources/bytes.ts";
import { httpLimiter, httpSource } from "./sources/http.ts";
import type { HttpOptions } from "./sources/http-client.ts";
import { opfsSource, syncHandleSource } from "./sources/opfs.ts";
import { displayUrl, responseSource } from "./sources/response.ts";
import type { ByteSink, ByteSource } from "./types.ts";
import { beside, checkFileName, fileSystem, inside, isUrlText, locate } from "./urls.ts";

/**
 * Everything that can be read from. A string is an URL if it begins with `http:`, `https:`, `file:`, `blob:` or
 * `data:`, else a path, or in a page an URL relative to it.
 */
export type SourceInput =
  | string
  | URL
  | inputs.BlobLike
  | ArrayBufferLike
  | ArrayBufferView
  | Response
  | inputs.FileHandleLike
  | inputs.OpfsFileLike
  | inputs.SyncAccessHandleLike
  | ByteSource;

/** Everything that can be written to. A string is a path. */
export type SinkInput =
  | string
  | URL
  | inputs.FileHandleLike
  | inputs.OpfsFileLike
  | inputs.SyncAccessHandleLike
  | WritableStream<Uint8Array>
  | ByteSink;

/** Every folder that files can be written into, or read from. A string is a path. */
export type DirectoryInput = string | URL | inputs.OpfsDirectoryLike;

/** How a source is opened; what it says of requests is for URLs. */
export interface SourceOptions extends HttpOptions {
  /** Aborts the opening; each read takes a signal of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** A source that was opened, and how to let go of it. */
export interface OpenedSource {
  readonly source: ExactSource;
  /** Opens the file `name` beside this one, where the source knows what lies beside it. */
  readonly sibling?: (name: string, options?: Pick<SourceOptions, "signal">) => Promise<OpenedSource>;
  /** Closes what opening it has opened, after the reads under way; the caller's own handles stay open. */
  close(): Promise<void>;
}

/** Makes one source of whatever the caller has. */
export async function openSource(input: SourceInput, options: SourceOptions = {}): Promise<OpenedSource> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (typeof input === "string" || inputs.isUrl(input)) return openPlace(locate(input), options);
  if (inputs.isBuffer(input) || ArrayBuffer.isView(input)) return opened(bytesSource(input), true);
  if (inputs.isResponse(input)) return opened(await responseSource(input, signal), true);
  if (inputs.isSyncHandle(input)) return opened(await syncHandleSource(input), false);
  if (inputs.isOpfsFile(input)) return opened(await opfsSource(input), true);
  if (inputs.isFileHandle(input)) {
    return opened(await fileSystem("UnsupportedSource", "a file handle").openHandle(input), false);
  }
  if (inputs.isByteSource(input)) return opened(input as ByteSource, false);
  if (inputs.isBlob(input)) return opened(blobSource(input), true);
  throw new Pytree2SafetensorsError(
    "UnsupportedSource",
    `can't read from ${inputs.describe(input)}: pass a path, a URL, a Blob, bytes, a Response, a file handle or a ByteSource`,
  );
}

/** Opens the file `name` of a folder; its siblings lie in the folder too. */
export async function openSourceIn(
  folder: DirectoryInput,
  name: string,
  options: SourceOptions = {},
): Promise<OpenedSource> {
  options.signal?.throwIfAborted();
  if (!inputs.isOpfsDirectory(folder)) return openPlace(inside(locate(folder), name), options);
  checkFileName(name);
  let handle: inputs.OpfsFileLike;
  try {
    handle = await folder.getFileHandle(name);
  } catch (cause) {
    const message = `can't read ${name} in the folder ${folder.name}: ${messageOf(cause)}`;
    throw new Pytree2SafetensorsError("IoError", message, { source: name, cause });
  }
  return opened(await opfsSource(handle), true, (other, more) =>
    openSourceIn(folder, other, { ...options, ...more }),
  );
}

/** Makes one sink of whatever the caller has. The sink closes only what opening it has opened. */
export async function openSink(output: SinkInput, options: SinkOptions = {}): Promise<{ sink: ExactSink }> {
  const { signal } = options;
  signal?.throwIfAborted();
  const guard = (sink: ByteSink, name: string) => ({ sink: new ExactSink(sink, name, signal) });
  if (typeof output === "string" || inputs.isUrl(output)) {
    const target = writable(output);
    const sink = await fileSystem("UnsupportedSink", target).createPath(target, options);
    return guard(sink, String(target));
  }
  if (inputs.isSyncHandle(output)) return guard(await syncHandleSink(output, options), "access handle");
  if (inputs.isOpfsFile(output)) return guard(await opfsSink(output, options), output.name);
  if (inputs.isFileHandle(output)) {
    return guard(
      await fileSystem("UnsupportedSink", "a file handle").createHandle(output, options),
      "file handle",
    );
  }
  if (inputs.isWritableStream(output)) return guard(streamSink(output, options), "stream");
  if (inputs.isNodeStream(output)) {
    const message = "can't write to a stream of Node: pass a path, or Writable.toWeb(stream)";
    throw new Pytree2SafetensorsError("UnsupportedSink", message);
  }
  if (inputs.isByteSink(output)) return guard(promptly(output as ByteSink, signal), "sink");
  throw new Pytree2SafetensorsError(
    "UnsupportedSink",
    `can't write to ${inputs.describe(output)}: pass a path, a file handle, a WritableStream or a ByteSink`,
  );
}

/** Opens a folder to write files into; a path's is made if it is not there. */
export async function openSinkDirectory(
  folder: DirectoryInput,
  options: SinkOptions = {},
): Promise<SinkDirectory> {
  options.signal?.throwIfAborted();
  if (inputs.isOpfsDirectory(folder)) return opfsDirectory(folder, options);
  if (typeof folder !== "string" && !inputs.isUrl(folder)) {
    const message = `can't write a folder to ${inputs.describe(folder)}: pass a path, a file: URL or an OPFS folder`;
    throw new Pytree2SafetensorsError("UnsupportedSink", message);
  }
  const target = writable(folder);
  return fileSystem("UnsupportedSink", target).createDirectory(target, options);
}

function opened(inner: ByteSource, owned: boolean, sibling?: OpenedSource["sibling"]): OpenedSource {
  const source = new ExactSource(inner, owned);
  return { source, close: () => source.close(), ...(sibling && { sibling }) };
}

async function openPlace(
  place: string | URL,
  options: SourceOptions,
  limiter: Limiter = httpLimiter(),
): Promise<OpenedSource> {
  const sibling: OpenedSource["sibling"] = (name, more) =>
    openPlace(beside(place, name), { ...options, ...more }, limiter);
  if (typeof place === "string" || place.protocol === "file:") {
    return opened(
      await fileSystem("UnsupportedSource", place).openPath(place, options.signal),
      true,
      sibling,
    );
  }
  if (/^https?:$/.test(place.protocol))
    return opened(await httpSource(place, options, limiter), true, sibling);
  if (/^(blob|data):$/.test(place.protocol)) {
    const response = await fetch(place, { signal: options.signal ?? null });
    return opened(blobSource(await response.blob(), displayUrl(place.href)), true);
  }
  throw new Pytree2SafetensorsError("UnsupportedSource", `can't read from ${place.protocol} URLs`);
}

function writable(place: string | URL): string | URL {
  const target = typeof place === "string" && !isUrlText(place) ? place : new URL(place);
  if (typeof target === "string" || target.protocol === "file:") return target;
  const message = "can't write to a URL: give what `serialize` makes to `fetch`, or pass a WritableStream";
  throw new Pytree2SafetensorsError("UnsupportedSink", message);
}

// Whatever another's sink waits for, an abort doesn't.
function promptly(sink: ByteSink, signal: AbortSignal | undefined): ByteSink {
  if (signal === undefined) return sink;
  const run = (action: () => unknown) => abortable(Promise.resolve().then(action), signal) as Promise<void>;
  return {
    begin: (totalBytes) => run(() => sink.begin?.(totalBytes)),
    write: (chunk) => run(() => sink.write(chunk)),
    close: () => run(() => sink.close()),
    abort: (reason) => sink.abort?.(reason),
  };
}
