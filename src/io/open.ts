import { Pytree2SafetensorsError } from "../base/errors.ts";
import { abortable, ExactSource } from "./exact.ts";
import * as inputs from "./inputs.ts";
import { getPlatform, type Platform, type SinkOptions } from "./platform.ts";
import { ExactSink } from "./sinks/exact.ts";
import { blobSource } from "./sources/blob.ts";
import { bytesSource } from "./sources/bytes.ts";
import type { ByteSink, ByteSource } from "./types.ts";

/** Everything that can be read from. A string is a path, or a URL if it begins as one. */
export type SourceInput =
  | string
  | URL
  | inputs.BlobLike
  | ArrayBufferLike
  | ArrayBufferView
  | inputs.FileHandleLike
  | ByteSource;

/** Everything that can be written to. A string is a path. */
export type SinkInput = string | URL | inputs.FileHandleLike | ByteSink;

/** How a source is opened. */
export interface SourceOptions {
  /** Aborts the opening; each read takes a signal of its own. */
  readonly signal?: AbortSignal | undefined;
}

/** A source that was opened, and how to let go of it. */
export interface OpenedSource {
  readonly source: ExactSource;
  /** Opens the file `name` beside this one, where the source knows what lies beside it. */
  readonly sibling?: (name: string, options?: SourceOptions) => Promise<OpenedSource>;
  /** Closes what opening it has opened, after the reads under way; the caller's own handles stay open. */
  close(): Promise<void>;
}

/** Makes one source of whatever the caller has. */
export async function openSource(input: SourceInput, options: SourceOptions = {}): Promise<OpenedSource> {
  options.signal?.throwIfAborted();
  if (typeof input === "string" || inputs.isUrl(input)) return openPlace(input, options);
  if (inputs.isBuffer(input) || ArrayBuffer.isView(input)) return opened(bytesSource(input), true);
  if (inputs.isFileHandle(input)) {
    return opened(await platform("UnsupportedSource", "a file handle").openHandle(input), false);
  }
  if (inputs.isByteSource(input)) return opened(input as ByteSource, false);
  if (inputs.isBlob(input)) return opened(blobSource(input), true);
  throw new Pytree2SafetensorsError(
    "UnsupportedSource",
    `can't read from ${inputs.describe(input)}: pass a path, a URL, a Blob, bytes, a Response, a file handle or a ByteSource`,
  );
}

/** Makes one sink of whatever the caller has. The sink closes only what opening it has opened. */
export async function openSink(output: SinkInput, options: SinkOptions = {}): Promise<{ sink: ExactSink }> {
  const { signal } = options;
  signal?.throwIfAborted();
  const guard = (sink: ByteSink, name: string) => ({ sink: new ExactSink(sink, name, signal) });
  if (typeof output === "string" || inputs.isUrl(output)) {
    const target = fileUrl(output);
    return guard(
      await platform("UnsupportedSink", `the path ${target}`).createPath(target, options),
      String(target),
    );
  }
  if (inputs.isFileHandle(output)) {
    return guard(
      await platform("UnsupportedSink", "a file handle").createHandle(output, options),
      "file handle",
    );
  }
  if (inputs.isByteSink(output)) return guard(promptly(output as ByteSink, signal), "sink");
  throw new Pytree2SafetensorsError(
    "UnsupportedSink",
    `can't write to ${inputs.describe(output)}: pass a path, a file handle, a WritableStream or a ByteSink`,
  );
}

function opened(inner: ByteSource, owned: boolean, sibling?: OpenedSource["sibling"]): OpenedSource {
  const source = new ExactSource(inner, owned);
  return { source, close: () => source.close(), ...(sibling && { sibling }) };
}

async function openPlace(place: string | URL, options: SourceOptions): Promise<OpenedSource> {
  const target = fileUrl(place);
  const files = platform("UnsupportedSource", `the path ${target}`);
  return opened(await files.openPath(target), true, (name, more) =>
    openPlace(files.sibling(target, name), { ...options, ...more }),
  );
}

// `file:` URLs are taken as text too.
function fileUrl(place: string | URL): string | URL {
  return typeof place === "string" && /^file:/i.test(place) ? new URL(place) : place;
}

function platform(code: "UnsupportedSource" | "UnsupportedSink", what: string): Platform {
  const found = getPlatform();
  if (found !== undefined) return found;
  throw new Pytree2SafetensorsError(
    code,
    `${what}: this runtime has no file system; use a URL, a Blob, bytes or an OPFS handle`,
  );
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
