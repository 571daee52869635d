/** Opens a safetensors file, a sharded checkpoint, or the one that a folder holds. */
import { requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { printable, quoteList } from "../base/quote.ts";
import { looksLikeIndex } from "../format/header/prefix.ts";
import { isFolder } from "../io/duck-types.ts";
import { type OpenedSource, openPlace, openSourceIn, type SourceInput } from "../io/open-source.ts";
import type { Folder } from "../io/types.ts";
import { bodyBound } from "./body-bound.ts";
import { SafetensorsFile } from "./file.ts";
import { openPart } from "./file-part.ts";
import { readHead } from "./head.ts";
import { openShards } from "./open-shards.ts";
import { type CheckpointContents, OpenedCheckpoint } from "./opened.ts";
import type { LongCallOptions, OpenOptions } from "./options.ts";
import type { OnProgress } from "./progress.ts";

/**
 * What tensors can be read from: a path, a URL, a `Blob` or `File`, bytes, a `Response`, a `FileHandle`, an OPFS handle,
 * or your own {@link ByteSource}. It can be a safetensors file or the `model.safetensors.index.json` of a sharded
 * checkpoint. A folder or {@link Store} that contains one of these works too, and so does a file that is already open.
 */
export type CheckpointSource = SourceInput | SafetensorsFile;

/**
 * Opens a safetensors file or a sharded checkpoint. It reads and checks the header, nothing more. In a folder, it opens
 * the index, or the only safetensors file if there is no index. Close the file when you are done.
 *
 * @throws Errors of the format, such as `HeaderTooSmall`, `InvalidHeaderDeserialization` or `InvalidOffset`; `InvalidIndex`
 *   and `MissingShard` for sharded checkpoints; errors of the source, such as `UnsupportedSource`, `IoError` or
 *   `HttpError`.
 * @example
 * ```ts
 * const file = await openSafetensors("model.safetensors");
 * try {
 *   for (const name of file.names) console.log(name, file.info(name).shape);
 * } finally {
 *   await file.close();
 * }
 * ```
 */
export async function openSafetensors(
  source: CheckpointSource,
  options: OpenOptions = {},
): Promise<SafetensorsFile> {
  requireOptions(options);
  return openCheckpoint(source, options, SafetensorsFile);
}

/** Opens a checkpoint as an object of a class: functions that read it whole have no use for the methods of files. */
export async function openCheckpoint<C extends OpenedCheckpoint>(
  source: CheckpointSource,
  options: OpenOptions,
  Class: new (contents: CheckpointContents) => C,
): Promise<C> {
  if (source instanceof Class) return source;
  const place = await openPlace(source as SourceInput, { ...options, bound: bodyBound });
  const opened = isFolder(place) ? await openInFolder(place, options) : place;
  try {
    const head = await readHead(opened.source, options.signal);
    if (looksLikeIndex(head)) return new Class(await openShards(opened, head, options));
    const { part, tensors, metadata } = await openPart(opened.source, 0, head, options.signal);
    return new Class({ parts: [part], tensors, metadata, release: () => opened.close() });
  } catch (error) {
    await opened.close().catch(() => {}); // the error that led here is the one to see
    throw error;
  }
}

/**
 * Opens a source for a call that reads it. What is downloaded whole while it is opened is reported as the call's
 * progress; reading it then is no progress any more.
 */
export async function openToRead(
  source: CheckpointSource,
  options: OpenOptions & LongCallOptions,
  Class: new (contents: CheckpointContents) => OpenedCheckpoint = OpenedCheckpoint,
): Promise<{ file: OpenedCheckpoint; onProgress: OnProgress | undefined }> {
  const { onProgress } = options;
  if (onProgress === undefined) return { file: await openCheckpoint(source, options, Class), onProgress };
  let downloaded = 0;
  const watched: OpenOptions = {
    ...options,
    onDownload: (progress) => {
      options.onDownload?.(progress);
      downloaded = progress.loaded;
      // A report at the end of the total is the last one, which only the call makes.
      const total = Math.max(progress.total ?? 0, downloaded + 1);
      onProgress({ loaded: downloaded, total, name: "" });
    },
  };
  const file = await openCheckpoint(source, watched, Class);
  if (downloaded === 0) return { file, onProgress };
  const report: OnProgress = ({ loaded, total, name }) => {
    if (loaded === total) onProgress({ loaded: downloaded, total: downloaded, name });
  };
  return { file, onProgress: report };
}

/** The checkpoint of a folder: its index, else its only safetensors file. */
async function openInFolder(store: Folder, options: OpenOptions): Promise<OpenedSource> {
  const files: string[] = [];
  for await (const { key } of store.list("", { shallow: true, signal: options.signal })) files.push(key);
  const indices = files.filter((key) => key.endsWith(".safetensors.index.json"));
  const single = files.filter((key) => key.endsWith(".safetensors"));
  const choice = indices.length > 0 ? indices : single;
  if (choice.length === 1) return openSourceIn(store, choice[0]!, options);
  const name = printable(store.name ?? "the folder");
  const what = choice.length === 0 ? "no checkpoint" : `${choice.length} checkpoints`;
  const found = files.length === 0 ? "no file" : quoteList(files, 10);
  const message = `${name} holds ${what}: expected one .safetensors.index.json or one .safetensors file, found ${found}`;
  throw new Pytree2SafetensorsError("UnsupportedSource", message, {
    source: name,
    expected: "one checkpoint",
    found,
  });
}
