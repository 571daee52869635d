// The functions of the root entry for one framework's arrays: a helper for each, so that bundlers can drop the others.

import { requireOptions } from "../base/arguments.ts";
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
import * as core from "../index.ts";
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

/** One function of the root entry, for the arrays of an adapter. */
type Bound<A, Name extends keyof BoundFunctions<A>> = BoundFunctions<A>[Name];

export function bindSave<A>(arrays: ArrayAdapter<A>): Bound<A, "save"> {
  return (dict, options = {}) => core.save(dict, { ...checked(options), arrays });
}

export function bindLoad<A>(arrays: ArrayAdapter<A>): Bound<A, "load"> {
  return (bytes, options = {}) => core.load(bytes, { ...checked(options), arrays });
}

export function bindSaveFile<A>(arrays: ArrayAdapter<A>): Bound<A, "saveFile"> {
  return async (dict, sink, options = {}) => core.saveFile(dict, sink, { ...checked(options), arrays });
}

export function bindLoadFile<A>(arrays: ArrayAdapter<A>): Bound<A, "loadFile"> {
  return async (source, options = {}) => core.loadFile(source, { ...checked(options), arrays });
}

export function bindSavePytree<A>(arrays: ArrayAdapter<A>): Bound<A, "savePytree"> {
  return async (tree, sink, options = {}) => core.savePytree(tree, sink, { ...checked(options), arrays });
}

export function bindSerialize<A>(arrays: ArrayAdapter<A>): Bound<A, "serialize"> {
  return async (tree, options = {}) => core.serialize(tree, { ...checked(options), arrays });
}

export function bindLoadPytree<A>(arrays: ArrayAdapter<A>): Bound<A, "loadPytree"> {
  const loadPytree = async (source: CheckpointSource, options: Omit<LoadPytreeOptions<A>, "arrays"> = {}) =>
    core.loadPytree(source, { ...checked(options), arrays, ...attributesOf(options) });
  return loadPytree as Bound<A, "loadPytree">;
}

export function bindSetWeights<A>(arrays: ArrayAdapter<A>): Bound<A, "setWeights"> {
  return (module, dict, options = {}) =>
    core.setWeights(module, dict, { ...checked(options), arrays, ...matchOf(options) });
}

export function bindLoadIntoPytree<A>(arrays: ArrayAdapter<A>): Bound<A, "loadIntoPytree"> {
  return async (module, source, options = {}) =>
    core.loadIntoPytree(module, source, { ...checked(options), arrays, ...matchOf(options) });
}

export function bindPytree2dict<A>(): Bound<A, "pytree2dict"> {
  return (tree, options) => core.pytree2dict(tree, options);
}

export function bindDict2pytree<A>(): Bound<A, "dict2pytree"> {
  return <L>(dict: Readonly<Record<string, L>>, options: Dict2PytreeOptions = {}) =>
    core.dict2pytree(dict, { ...checked(options), ...attributesOf(options) }) as PyTree<L>;
}

export function bindCheckpointManager<A>(arrays: ArrayAdapter<A>): BoundCheckpointManager<A> {
  return {
    open: async (place, options = {}) =>
      CheckpointManager.open(place, {
        ...checked(options),
        arrays,
        ...attributesOf(options),
        ...matchOf(options),
      }),
  };
}

/** The options of a call, which a spread would turn into none if they were `null` or a list. */
function checked<Options extends object>(options: Options): Options {
  requireOptions(options);
  return options;
}

// Frameworks descend into plain objects and arrays only, so trees and templates are made of those. An option that is
// present but `undefined` counts as absent: spread over the defaults, it would hide them.

function attributesOf({ attributes = "object" }: Pick<Dict2PytreeOptions, "attributes">): {
  readonly attributes: "container" | "object";
} {
  return { attributes };
}

function matchOf({ match = "name" }: Pick<SetWeightsOptions, "match">): { readonly match: "exact" | "name" } {
  return { match };
}
