/** Saves a tree. */
import { requireOptions } from "../base/arguments.ts";
import { parseSize } from "../format/byte-size.ts";
import { openSink, type SinkInput } from "../io/open-sink.ts";
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
   * Whether to write structure metadata, which stores what key strings can't express: empty containers, `null`s, key
   * types, scalars and classes. `"auto"`, the default, writes it only if the tree would not load as an equal tree without
   * it.
   */
  readonly structure?: "auto" | "always" | "never";
  /** Writes plain objects as dicts (`@key`, the default) or as attributes (`.key`), which Python modules have. */
  readonly objects?: "dict" | "attrs";
  /**
   * Whether the order of dict keys matters. If it does, the file records any order other than the sorted one. By default,
   * the adapter decides: the order matters for frameworks that pair the leaves of dicts by position.
   */
  readonly ordered?: boolean;
  /**
   * An open file, or its key strings, to take the kinds of keys from. Plain objects that were loaded from a Python module
   * can then be loaded back into it. The metadata strings of an open file are copied too, unless you pass `metadata`.
   */
  readonly like?: LikeInput;
  /** Treats a value as a leaf even if it is a container. */
  readonly isLeaf?: (value: unknown) => boolean;
  /** The maximum depth of the tree; 1,000 by default, as for loading. */
  readonly maxDepth?: number;
  /** The maximum number of containers; by default 100,000, plus 16 for each tensor, as for loading. */
  readonly maxContainers?: number;
  /** The maximum number of `null`s in lists; 1,000,000 by default, as for loading. */
  readonly maxGaps?: number;
  /**
   * Writes a sharded checkpoint with at most this many bytes of tensors in each file: `"5GB"`, `"500MiB"` or a number.
   * The sink is then a folder or a store, and `model.safetensors.index.json` lists which file has which tensor.
   */
  readonly maxShardSize?: string | number;
  /** The prefix of the file names of a sharded checkpoint; `"model"` by default. */
  readonly shardName?: string;
}

/**
 * Saves a pytree as a safetensors file. Each leaf is stored under its key string, and the rest of the tree as structure
 * metadata. Don't change typed arrays and `Tensor`s until the promise resolves, unless you pass `{ snapshot: true }`. You
 * can free framework arrays and change containers at once. The whole tree is checked before anything is written, and a
 * file at a path is replaced atomically.
 *
 * @throws `UnsupportedLeaf`, `UnsupportedKey`, `DuplicateKey`, `CircularTree` or `DepthLimit`, each with the key path;
 *   everything that {@link saveFile} throws.
 * @example
 * ```ts
 * const w = Tensor.from([[1, 2], [3, 4]]);
 * const b = new Float32Array(2);
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
    if (maxBytes !== undefined) await writeShards(prepared, sink as ShardSink, { ...options, maxBytes });
    else await writeWhole(prepared, () => openSink(sink as SinkInput, options), options);
  } finally {
    prepared.release();
  }
}
