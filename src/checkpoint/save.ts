import { setOwn } from "../base/dict.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { planLayout } from "../format/layout/layout.ts";
import { openSink, type SinkInput } from "../io/open-sink.ts";
import type { SinkOptions } from "../io/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { describeValue, readLeafSync, requireLeafInfo } from "./leaf.ts";
import type { ArraysOption, LongCallOptions } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { exactBytes, type NamedLeaf, writeFile } from "./write.ts";

/** Strings that a file carries beside its tensors. */
export type Metadata = Readonly<Record<string, string>>;

/** Options of {@link save}. */
export interface SaveOptions<A = Tensor> extends ArraysOption<A> {
  /** Strings to write under `__metadata__`. */
  readonly metadata?: Metadata;
}

/** Options of {@link saveFile}. */
export interface SaveFileOptions<A = Tensor> extends SaveOptions<A>, LongCallOptions, SinkOptions {}

/** What {@link save} and {@link saveFile} write: leaves by their names in the file. */
export type LeafDict<A> = Readonly<Record<string, A | Tensor | ArrayBufferView | number | bigint | boolean>>;

/** The metadata key under which the structure of a tree is kept. */
export const STRUCTURE_KEY = "pytree2safetensors";

/**
 * Writes tensors as a safetensors file in memory, the very bytes that the reference serializer writes.
 *
 * @throws `UnsupportedLeaf`, `InvalidName`, `InvalidMetadata`, `HeaderTooLarge`; `AsyncAdapter` for an adapter that
 *   reads arrays only asynchronously.
 * @example
 * ```ts
 * const bytes = save({ "layers#0@w": Tensor.from([[1, 2], [3, 4]]) }, { metadata: { epoch: "3" } });
 * ```
 */
export function save<A = Tensor>(dict: LeafDict<A>, options: SaveOptions<A> = {}): Uint8Array<ArrayBuffer> {
  const { arrays } = options;
  const entries = describeDict(dict, options);
  const { head, order, totalBytes } = planLayout(entries, userMetadata(options.metadata));
  const bytes = allocate(totalBytes);
  bytes.set(head);
  let at = head.byteLength;
  for (const index of order) {
    const entry = entries[index]!;
    const data = exactBytes(entry, readLeafSync(entry.leaf, entry, arrays, entry.name));
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function allocate(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new Pytree2SafetensorsError(
      "TooLarge",
      `the file would have ${bytes} bytes, more than an array of this runtime; write it with saveFile() or serialize()`,
      { found: `${bytes} bytes`, cause },
    );
  }
}

/**
 * Writes tensors to a sink, one in memory at a time. A path is replaced at once and whole: a crash, a full disk
 * or an abort leaves the old file.
 *
 * @throws As {@link save}, before a byte is written; what the sink throws.
 * @example
 * ```ts
 * await saveFile({ embedding: new Float32Array(1024) }, "embedding.safetensors");
 * ```
 */
export async function saveFile<A = Tensor>(
  dict: LeafDict<A>,
  sink: SinkInput,
  options: SaveFileOptions<A> = {},
): Promise<void> {
  const entries = describeDict(dict, options);
  await writeEntries(entries, sink, userMetadata(options.metadata), options);
}

/** Lays out the file and writes it; nothing is opened before the layout stands. */
export async function writeEntries<A>(
  entries: readonly NamedLeaf[],
  sink: SinkInput,
  metadata: Metadata | undefined,
  options: SaveFileOptions<A>,
): Promise<void> {
  options.signal?.throwIfAborted();
  const plan = planLayout(entries, metadata);
  const progress = new ProgressCounter(plan.totalBytes, options.onProgress);
  const opened = await openSink(sink, options);
  try {
    await writeFile(opened.sink, plan, entries, {
      adapter: options.arrays,
      signal: options.signal,
      progress,
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
  progress.finish(entries[plan.order.at(-1) ?? -1]?.name ?? "");
}

function describeDict<A>(dict: LeafDict<A>, options: ArraysOption<A>): NamedLeaf[] {
  return Object.keys(dict).map((name) => {
    const leaf = dict[name];
    const { dtype, shape } = requireLeafInfo(leaf, options.arrays, name, () => JSON.stringify(name));
    return { name, leaf, dtype, shape };
  });
}

/** Refuses the key that is ours. */
export function userMetadata(metadata: Metadata | undefined): Metadata | undefined {
  if (metadata !== undefined && (typeof metadata !== "object" || Symbol.iterator in metadata)) {
    const found = describeValue(metadata);
    const message = `metadata must be an object of strings, not ${found}`;
    throw new Pytree2SafetensorsError("InvalidMetadata", message, {
      expected: "an object of strings",
      found,
    });
  }
  if (metadata === undefined || !Object.hasOwn(metadata, STRUCTURE_KEY)) return metadata;
  throw new Pytree2SafetensorsError(
    "InvalidMetadata",
    `the metadata key ${JSON.stringify(STRUCTURE_KEY)} holds the structure of trees and can't be set; use another key`,
    { found: STRUCTURE_KEY },
  );
}

/** The user's strings and ours. */
export function withStructure(
  metadata: Metadata | undefined,
  structure: string | undefined,
): Metadata | undefined {
  if (structure === undefined) return metadata;
  const joined: Record<string, string> = { ...metadata };
  setOwn(joined, STRUCTURE_KEY, structure);
  return joined;
}
