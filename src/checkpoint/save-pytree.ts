import { Pytree2SafetensorsError } from "../base/errors.ts";
import { isWellFormed } from "../base/utf8.ts";
import { METADATA_KEY } from "../format/header/prefix.ts";
import { planLayout } from "../format/layout/layout.ts";
import { parseSize } from "../format/shards.ts";
import { openSink, type SinkInput } from "../io/open-sink.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { keystr } from "../tree/keys/keystr.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import { planTree } from "../tree/names2tree.ts";
import { type LikeKinds, likeKinds } from "../tree/rekey.ts";
import { flattenForSave } from "../tree/tree2names.ts";
import { isArrayLeaf, requireLeafInfo } from "./leaf.ts";
import { type CheckpointSource, withFile } from "./open.ts";
import { requireChoice } from "./options.ts";
import { ProgressCounter } from "./progress.ts";
import { type SaveFileOptions, STRUCTURE_KEY, userMetadata, withStructure, writeEntries } from "./save.ts";
import { type ShardSink, writeShards } from "./save-shards.ts";
import { type NamedLeaf, writeFile } from "./write.ts";

/** Options of {@link savePytree} and {@link serialize}. */
export interface SavePytreeOptions<A = Tensor> extends SaveFileOptions<A>, KeyStyleOption {
  /**
   * Whether the file says what key strings can't (empty containers, `null`s, key types, scalars, classes):
   * `"auto"`, the default, where the tree would not come back equal otherwise.
   */
  readonly structure?: "auto" | "always" | "never";
  /** Writes plain objects as dicts (`@key`, the default) or as attributes (`.key`), as Python modules have them. */
  readonly objects?: "dict" | "attrs";
  /**
   * A file, or the key strings of one, from which each node's kinds of keys are taken: what came from a Python
   * module as plain objects goes back into it.
   */
  readonly like?: CheckpointSource | readonly string[];
  /** Treats a value as a leaf even if it is a container. */
  readonly isLeaf?: (value: unknown) => boolean;
  /** How deep a tree may be; 1,000 unless told. */
  readonly maxDepth?: number;
  /**
   * Writes a sharded checkpoint: the sink is a folder, each file has at most so many bytes of tensors
   * (`"5GB"`, `"500MiB"` or a number), and `model.safetensors.index.json` says which is where.
   */
  readonly maxShardSize?: string | number;
  /** The name of the files of a sharded checkpoint, `"model"` unless told. */
  readonly shardName?: string;
}

/**
 * Saves a pytree as a safetensors file: each leaf under its key string, the rest of the tree in the
 * structure metadata. Arrays of the tree stay usable. Nothing is written until everything is known to be
 * writable; a path is replaced at once and whole.
 *
 * @throws `UnsupportedLeaf`, `UnsupportedKey`, `DuplicateKey`, `CircularTree`, `DepthLimit`, each naming the key
 *   path; what {@link saveFile} throws.
 * @example
 * ```ts
 * await savePytree({ layers: [{ w, b }], step: 10, ema: null }, "state.safetensors");
 * ```
 */
export async function savePytree<A = Tensor>(
  tree: unknown,
  sink: SinkInput | ShardSink,
  options: SavePytreeOptions<A> = {},
): Promise<void> {
  const { entries, structure } = await flatten(tree, options);
  const metadata = userMetadata(options.metadata);
  if (options.maxShardSize !== undefined) {
    const maxBytes = parseSize(options.maxShardSize);
    await writeShards(entries, sink as ShardSink, { ...options, maxBytes, metadata, structure });
    return;
  }
  await writeEntries(entries, sink as SinkInput, withStructure(metadata, structure), options);
}

/** A pytree as the bytes of its file, not yet made: for uploads and downloads. */
export interface SerializedPytree {
  /** The size of the file in bytes. */
  readonly byteLength: number;
  /** The file as a stream; leaves are read as it is pulled. */
  stream(): ReadableStream<Uint8Array>;
  /** The file as a `Blob` of type `application/octet-stream`. */
  blob(): Promise<Blob>;
}

/**
 * Lays a pytree out as a file without writing it anywhere.
 *
 * @throws What {@link savePytree} throws before it writes.
 * @example
 * ```ts
 * const file = await serialize(tree);
 * await fetch(url, { method: "PUT", body: file.stream(), duplex: "half" });
 * link.href = URL.createObjectURL(await file.blob());
 * ```
 */
export async function serialize<A = Tensor>(
  tree: unknown,
  options: Omit<SavePytreeOptions<A>, "maxShardSize" | "shardName" | "flush"> = {},
): Promise<SerializedPytree> {
  const { entries, structure } = await flatten(tree, options);
  const plan = planLayout(entries, withStructure(userMetadata(options.metadata), structure));
  const stream = () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const progress = new ProgressCounter(plan.totalBytes, options.onProgress);
    const write = async () => {
      const { sink } = await openSink(writable, { signal: options.signal });
      await writeFile(sink, plan, entries, { adapter: options.arrays, signal: options.signal, progress });
      progress.finish(entries[plan.order.at(-1) ?? -1]?.name ?? "");
    };
    // The reader of the stream sees the error; where no sink was opened yet, only this tells it.
    write().catch((error) => writable.abort(error).catch(() => {}));
    return readable;
  };
  const headers = { "content-type": "application/octet-stream" };
  return { byteLength: plan.totalBytes, stream, blob: () => new Response(stream(), { headers }).blob() };
}

/** A tree's leaves by name with dtype and shape, and its structure metadata if it needs any. */
async function flatten<A>(
  tree: unknown,
  options: SavePytreeOptions<A>,
): Promise<{ entries: NamedLeaf[]; structure: string | undefined }> {
  const { arrays, structure = "auto", objects = "dict", isLeaf, keys, maxDepth } = options;
  requireChoice("structure", structure, ["auto", "always", "never"]);
  requireChoice("objects", objects, ["dict", "attrs"]);
  const like = await resolveLike(options);
  const flat = flattenForSave(tree, {
    structure,
    objects,
    ordered: arrays?.ordered ?? false,
    isArray: (value: unknown) => isArrayLeaf(value, arrays),
    ...(like && { like }),
    ...(isLeaf && { isLeaf }),
    ...(keys && { keys }),
    maxDepth,
  });
  const entries = flat.leaves.map(({ name, leaf }, i) => {
    if (name === METADATA_KEY || !isWellFormed(name)) throw unwritable(name, keystr(flat.pathOf(i)));
    const { dtype, shape } = requireLeafInfo(leaf, arrays, name, () => keystr(flat.pathOf(i)));
    return { name, leaf, dtype, shape };
  });
  return { entries, structure: flat.structure };
}

function unwritable(tensor: string, keyPath: string): Pytree2SafetensorsError {
  const why =
    tensor === METADATA_KEY ? "is where the format keeps metadata" : "has a surrogate without its partner";
  const message = `the leaf at ${keyPath} can't have the name ${JSON.stringify(tensor)}, which ${why}; rename its key`;
  return new Pytree2SafetensorsError("InvalidName", message, { tensor, keyPath });
}

async function resolveLike(options: SavePytreeOptions<unknown>): Promise<LikeKinds | undefined> {
  const { like } = options;
  if (like === undefined) return undefined;
  if (Array.isArray(like)) return likeKinds(like);
  return withFile(like as CheckpointSource, { signal: options.signal }, async ({ names, metadata }) => {
    // Only the structure tells the paths of names that contain separators.
    const structure = metadata[STRUCTURE_KEY];
    return likeKinds(names, planTree(names, { structure, keys: options.keys }).paths);
  });
}
