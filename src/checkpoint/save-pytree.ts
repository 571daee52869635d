/** Saves a tree. */
import { requireOptions } from "../base/arguments.ts";
import { parseSize } from "../format/byte-size.ts";
import type { SinkInput } from "../io/open-sink.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import type { LikeInput } from "./like.ts";
import { prepareTree } from "./prepare.ts";
import { type SaveFileOptions, writeWhole } from "./save-file.ts";
import { type ShardSink, writeShards } from "./save-shards.ts";
import { snapshotOf } from "./snapshot-memory.ts";

/** Options of {@link savePytree} and {@link serialize}. */
export interface SavePytreeOptions<A = Tensor> extends SaveFileOptions<A>, KeyStyleOption {
  /**
   * Whether the file says what key strings can't (empty containers, `null`s, key types, scalars, classes):
   * `"auto"`, the default, if the tree would not come back equal otherwise.
   */
  readonly structure?: "auto" | "always" | "never";
  /** Writes plain objects as dicts (`@key`, the default) or as attributes (`.key`), as Python modules have them. */
  readonly objects?: "dict" | "attrs";
  /**
   * Whether the order of dict keys counts, so that the file records an order that isn't the sorted one. By default, the
   * adapter decides: it does for frameworks that pair the leaves of dicts by position.
   */
  readonly ordered?: boolean;
  /**
   * An open file, or the key strings of one, from which each node's kinds of keys are taken: what came from a Python
   * module as plain objects goes back into it. A file's metadata strings go along, unless you pass `metadata`.
   */
  readonly like?: LikeInput;
  /** Treats a value as a leaf even if it is a container. */
  readonly isLeaf?: (value: unknown) => boolean;
  /** How deep a tree may be; 1,000 by default, as when it is loaded. */
  readonly maxDepth?: number;
  /** How many containers the tree may have; by default 100,000, and 16 more for each tensor, as when it is loaded. */
  readonly maxContainers?: number;
  /** How many `null`s lists may have in all; 1,000,000 by default, as when it is loaded. */
  readonly maxGaps?: number;
  /**
   * Writes a sharded checkpoint: the sink is a folder or a store, each file has at most so many bytes of tensors
   * (`"5GB"`, `"500MiB"` or a number), and `model.safetensors.index.json` says which is where.
   */
  readonly maxShardSize?: string | number;
  /** How the names of a sharded checkpoint's files begin; `"model"` by default. */
  readonly shardName?: string;
}

/**
 * Saves a pytree as a safetensors file: each leaf under its key string, the rest of the tree in the
 * structure metadata. The tree is taken at the call: typed arrays and `Tensor`s must not change until the promise
 * resolves, unless you pass `{ snapshot: true }`; framework arrays may be freed at once. Nothing is written until
 * everything is known to be writable; a path is replaced at once and whole.
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
  requireOptions(options);
  const { maxShardSize } = options;
  const maxBytes = maxShardSize === undefined ? undefined : parseSize(maxShardSize);
  const prepared = prepareTree(tree, options, snapshotOf(options));
  try {
    if (maxBytes === undefined) await writeWhole(prepared, sink as SinkInput, options);
    else await writeShards(prepared, sink as ShardSink, { ...options, maxBytes });
  } finally {
    prepared.release();
  }
}
