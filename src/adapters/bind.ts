// The functions of the root entry for one framework's arrays, each on its own, so that bundlers can drop the others.
import { isOptions } from "../base/arguments.ts";
import type { UnsharedBytes } from "../base/types.ts";
import type {
  ArrayAdapter,
  CheckpointSource,
  Dict2PytreeOptions,
  LazyTensor,
  LeafDict,
  LoadFileOptions,
  LoadIntoPytreeOptions,
  LoadOptions,
  LoadPytreeOptions,
  PyTree,
  Pytree2DictOptions,
  PytreeWithMetadata,
  SaveFileOptions,
  SaveOptions,
  SavePytreeOptions,
  SerializedPytree,
  SetWeightsOptions,
  ShardSink,
  SinkInput,
} from "../index.ts";
import { CheckpointManager, type CheckpointManagerOptions, type ManagerPlace } from "../training/index.ts";

/** The functions of the root entry, bound to one framework's arrays `A`. */
export interface BoundFunctions<A> {
  /** Like `save` of the root entry, for this framework's arrays. */
  save(dict: LeafDict<A>, options?: Omit<SaveOptions<A>, "arrays">): UnsharedBytes;
  /** Like `load` of the root entry, but returns this framework's arrays. */
  load(bytes: ArrayBufferLike | ArrayBufferView, options?: Omit<LoadOptions<A>, "arrays">): Record<string, A>;
  /** Like `saveFile` of the root entry, for this framework's arrays. */
  saveFile(dict: LeafDict<A>, sink: SinkInput, options?: Omit<SaveFileOptions<A>, "arrays">): Promise<void>;
  /** Like `loadFile` of the root entry, but returns this framework's arrays. */
  loadFile(
    source: CheckpointSource,
    options?: Omit<LoadFileOptions<A>, "arrays">,
  ): Promise<Record<string, A>>;
  /** Like `savePytree` of the root entry, for trees of this framework's arrays. Every array stays usable. */
  savePytree(
    tree: unknown,
    sink: SinkInput | ShardSink,
    options?: Omit<SavePytreeOptions<A>, "arrays">,
  ): Promise<void>;
  /** Like `serialize` of the root entry, for trees of this framework's arrays. */
  serialize(
    tree: unknown,
    options?: Omit<SavePytreeOptions<A>, "arrays" | "maxShardSize" | "shardName" | "flush">,
  ): Promise<SerializedPytree>;
  /**
   * Like `loadPytree` of the root entry, but the leaves are this framework's arrays, and attribute nodes load as plain
   * objects by default. The leaves of a lazy tree are `LazyTensor`s, which load as `Tensor`s.
   */
  loadPytree<T = PyTree<LazyTensor>>(
    source: CheckpointSource,
    options: Omit<LoadPytreeOptions<A>, "arrays"> & { readonly lazy: true; readonly withMetadata: true },
  ): Promise<PytreeWithMetadata<T>>;
  loadPytree<T = PyTree<LazyTensor>>(
    source: CheckpointSource,
    options: Omit<LoadPytreeOptions<A>, "arrays"> & { readonly lazy: true; readonly withMetadata?: false },
  ): Promise<T>;
  loadPytree<T = PyTree<A>>(
    source: CheckpointSource,
    options: Omit<LoadPytreeOptions<A>, "arrays"> & { readonly withMetadata: true },
  ): Promise<PytreeWithMetadata<T>>;
  loadPytree<T = PyTree<A>>(
    source: CheckpointSource,
    options?: Omit<LoadPytreeOptions<A>, "arrays">,
  ): Promise<T>;
  /** Like `setWeights` of the root entry, for this framework's arrays. Leaves match by name by default. */
  setWeights<T>(module: T, dict: LeafDict<A>, options?: Omit<SetWeightsOptions<A>, "arrays">): T;
  /** Like `loadIntoPytree` of the root entry, for this framework's arrays. Leaves match by name by default. */
  loadIntoPytree<T>(
    module: T,
    source: CheckpointSource,
    options?: Omit<LoadIntoPytreeOptions<A>, "arrays">,
  ): Promise<T>;
  /** Like `pytree2dict` of the root entry, for trees of this framework's arrays. */
  pytree2dict<L = A>(tree: unknown, options?: Pytree2DictOptions): Record<string, L>;
  /** Like `dict2pytree` of the root entry, but attribute nodes become plain objects by default. */
  dict2pytree<L>(dict: Readonly<Record<string, L>>, options?: Dict2PytreeOptions): PyTree<L>;
}

/** `CheckpointManager` of `pytree2safetensors/training`, bound to one framework's arrays `A`. */
export interface BoundCheckpointManager<A> {
  /**
   * Like `CheckpointManager.open`, but the leaves are this framework's arrays. By default, templates match by name, and
   * attribute nodes are restored as plain objects.
   */
  open(
    place: ManagerPlace,
    options?: Omit<CheckpointManagerOptions<A>, "arrays">,
  ): Promise<CheckpointManager<A>>;
}

/** A function of the root entry for one framework's arrays; its options are the first argument that may be left out. */
export function bind<F extends (...args: never[]) => unknown>(call: F, arrays?: ArrayAdapter<unknown>): F {
  const bound = (...args: never[]) => {
    const { [call.length]: options = {} } = args as (LoadPytreeOptions & SetWeightsOptions)[];
    // What is no object of options is left to the function to refuse: a spread would make one of it.
    if (isOptions(options)) {
      // Frameworks descend into plain objects and arrays only, so trees and templates are made of those.
      const { attributes = "object", match = "name" } = options;
      args[call.length] = { ...options, attributes, match, arrays } as never;
    }
    return call(...args);
  };
  return bound as F;
}

/** The manager for one framework's arrays: an object with `open`, so that bundlers can drop it. */
export function bindCheckpointManager<A>(arrays: ArrayAdapter<A>): BoundCheckpointManager<A> {
  return { open: bind(CheckpointManager.open<A>, arrays) };
}
