// STAND-IN until src/checkpoint/prepare.ts is on main: prepareTree over today's savePytree.
import type { LongCallOptions } from "../../checkpoint/options.ts";
import { type SavePytreeOptions, savePytree } from "../../checkpoint/save-pytree.ts";
import type { ByteSink } from "../../io/types.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { treeMap } from "../../tree/map.ts";
import type { Store } from "./store.ts";

export interface PreparedTree {
  readonly byteLength: number;
  write(sink: ByteSink, options?: LongCallOptions): Promise<void>;
  writeShards(
    store: Store,
    options: LongCallOptions & { maxShardSize: string | number; shardName: string },
  ): Promise<void>;
  dispose(): void;
}

export function prepareTree<A>(
  tree: unknown,
  options: SavePytreeOptions<A> & { readonly snapshot?: boolean },
): PreparedTree {
  const held: { dispose(): void }[] = [];
  const copy = (leaf: unknown): unknown => {
    if (options.arrays?.is(leaf)) {
      const kept = (leaf as { ref: { dispose(): void } }).ref;
      held.push(kept);
      return kept;
    }
    if (!options.snapshot) return leaf;
    if (leaf instanceof Tensor) return leaf.copy();
    return ArrayBuffer.isView(leaf) ? (leaf as Uint8Array).slice() : leaf;
  };
  const kept = treeMap(copy, tree);
  return {
    byteLength: 0,
    write: (sink, more) => savePytree(kept, sink, { ...options, ...more }),
    writeShards: (store, more) => savePytree(kept, store.name as string, { ...options, ...more }),
    dispose: () => {
      for (const array of held) array.dispose();
    },
  };
}
