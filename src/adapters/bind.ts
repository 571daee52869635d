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
  SaveFileOptions,
  SaveOptions,
  SavePytreeOptions,
  SerializedPytree,
  SetWeightsOptions,
  SinkInput,
} from "../index.ts";
import * as core from "../index.ts";

/** What an entry point sets unless the call says otherwise. */
export interface BoundDefaults {
  /** What attribute nodes load as. */
  readonly attributes: "container" | "object";
  /** How template leaves meet tensors. */
  readonly match: "exact" | "name";
}

/** The functions of the package, bound to one framework's arrays `A`. */
export interface BoundFunctions<A> {
  /** As `save` of the root entry, of this framework's arrays. */
  save(dict: LeafDict<A>, options?: Omit<SaveOptions<A>, "arrays">): Uint8Array<ArrayBuffer>;
  /** As `load` of the root entry, to this framework's arrays. */
  load(bytes: ArrayBufferLike | ArrayBufferView, options?: Omit<LoadOptions<A>, "arrays">): Record<string, A>;
  /** As `saveFile` of the root entry, of this framework's arrays. */
  saveFile(dict: LeafDict<A>, sink: SinkInput, options?: Omit<SaveFileOptions<A>, "arrays">): Promise<void>;
  /** As `loadFile` of the root entry, to this framework's arrays. */
  loadFile(
    source: CheckpointSource,
    options?: Omit<LoadFileOptions<A>, "arrays">,
  ): Promise<Record<string, A>>;
  /** As `savePytree` of the root entry, of trees of this framework's arrays. */
  savePytree(tree: unknown, sink: SinkInput, options?: Omit<SavePytreeOptions<A>, "arrays">): Promise<void>;
  /** As `serialize` of the root entry, of trees of this framework's arrays. */
  serialize(
    tree: unknown,
    options?: Omit<SavePytreeOptions<A>, "arrays" | "maxShardSize" | "shardName" | "flush">,
  ): Promise<SerializedPytree>;
  /**
   * As `loadPytree` of the root entry, to trees of this framework's arrays; attribute nodes load as plain
   * objects unless told. The leaves of a lazy tree are `LazyTensor`s, which read themselves as `Tensor`s.
   */
  loadPytree<T = PyTree<LazyTensor>>(
    source: CheckpointSource,
    options: Omit<LoadPytreeOptions<A>, "arrays"> & { readonly lazy: true; readonly withMetadata: true },
  ): Promise<core.PytreeWithMetadata<T>>;
  loadPytree<T = PyTree<LazyTensor>>(
    source: CheckpointSource,
    options: Omit<LoadPytreeOptions<A>, "arrays"> & { readonly lazy: true; readonly withMetadata?: false },
  ): Promise<T>;
  loadPytree<T = PyTree<A>>(
    source: CheckpointSource,
    options: Omit<LoadPytreeOptions<A>, "arrays"> & { readonly withMetadata: true },
  ): Promise<core.PytreeWithMetadata<T>>;
  loadPytree<T = PyTree<A>>(
    source: CheckpointSource,
    options?: Omit<LoadPytreeOptions<A>, "arrays">,
  ): Promise<T>;
  /** As `setWeights` of the root entry, of this framework's arrays; leaves are matched by name unless told. */
  setWeights<T>(module: T, dict: LeafDict<A>, options?: Omit<SetWeightsOptions<A>, "arrays">): T;
  /** As `loadIntoPytree` of the root entry, to this framework's arrays; leaves are matched by name unless told. */
  loadIntoPytree<T>(
    module: T,
    source: CheckpointSource,
    options?: Omit<LoadIntoPytreeOptions<A>, "arrays">,
  ): Promise<T>;
  /** As `pytree2dict` of the root entry, of trees of this framework's arrays. */
  pytree2dict<L = A>(tree: unknown, options?: Pytree2DictOptions): Record<string, L>;
  /** As `dict2pytree` of the root entry; attribute nodes become plain objects unless told. */
  dict2pytree<L>(dict: Readonly<Record<string, L>>, options?: Dict2PytreeOptions): PyTree<L>;
}

/** Binds the functions of the package to an adapter and to an entry point's defaults. */
export function bind<A>(arrays: ArrayAdapter<A>, defaults: BoundDefaults): BoundFunctions<A> {
  // An option that is there but `undefined` is none: spread over the defaults, it would hide them.
  const attributesOf = (options: Dict2PytreeOptions | undefined) =>
    options?.attributes ?? defaults.attributes;
  const matchOf = (options: SetWeightsOptions<A> | undefined) => options?.match ?? defaults.match;
  return {
    save: (dict, options) => core.save(dict, { ...options, arrays }),
    load: (bytes, options) => core.load(bytes, { ...options, arrays }),
    saveFile: (dict, sink, options) => core.saveFile(dict, sink, { ...options, arrays }),
    loadFile: (source, options) => core.loadFile(source, { ...options, arrays }),
    savePytree: (tree, sink, options) => core.savePytree(tree, sink, { ...options, arrays }),
    serialize: (tree, options) => core.serialize(tree, { ...options, arrays }),
    loadPytree: (source: CheckpointSource, options?: Omit<LoadPytreeOptions<A>, "arrays">) =>
      core.loadPytree(source, { ...options, arrays, attributes: attributesOf(options) }),
    setWeights: (module, dict, options) =>
      core.setWeights(module, dict, { ...options, arrays, match: matchOf(options) }),
    loadIntoPytree: (module, source, options) =>
      core.loadIntoPytree(module, source, { ...options, arrays, match: matchOf(options) }),
    pytree2dict: (tree, options) => core.pytree2dict(tree, options),
    dict2pytree: (dict, options) => core.dict2pytree(dict, { ...options, attributes: attributesOf(options) }),
  } as BoundFunctions<A>;
}
