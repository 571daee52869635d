/**
 * Save and load pytrees as safetensors files. This is what browsers get; `index.node.ts` adds paths and file
 * handles to the same functions.
 *
 * @module
 */
export {
  type ErrorCode,
  type ErrorDetails,
  type Fault,
  isPytree2SafetensorsError,
  Pytree2SafetensorsError,
} from "./base/errors.ts";
export type { Awaitable, UnsharedBytes } from "./base/types.ts";
export type { ArrayAdapter, ArrayInfo } from "./checkpoint/adapter.ts";
export {
  type CheckpointFile,
  SafetensorsFile,
  type StreamOptions,
  type TensorInfo,
  type TensorOptions,
  type TensorPlace,
  type TensorsOptions,
} from "./checkpoint/file.ts";
export { LazyTensor } from "./checkpoint/lazy.ts";
export { type LoadOptions, load } from "./checkpoint/load.ts";
export { type LoadFileOptions, loadFile } from "./checkpoint/load-file.ts";
export { type LoadIntoPytreeOptions, loadIntoPytree } from "./checkpoint/load-into-pytree.ts";
export {
  type LoadPytreeOptions,
  loadPytree,
  type PyTree,
  type PytreeWithMetadata,
} from "./checkpoint/load-pytree.ts";
export type { Metadata } from "./checkpoint/metadata.ts";
export { type CheckpointSource, openSafetensors } from "./checkpoint/open.ts";
export type {
  ArraysOption,
  Cast,
  CastingOptions,
  LongCallOptions,
  OpenOptions,
  ReadTensorsOptions,
  Select,
  WarningOption,
} from "./checkpoint/options.ts";
export type { OnProgress, Progress } from "./checkpoint/progress.ts";
export { type LeafDict, type SaveOptions, save } from "./checkpoint/save.ts";
export { type SaveFileOptions, saveFile } from "./checkpoint/save-file.ts";
export { type SavePytreeOptions, savePytree } from "./checkpoint/save-pytree.ts";
export type { ShardSink } from "./checkpoint/save-shards.ts";
export type { SelectionKeys } from "./checkpoint/select.ts";
export { type SerializedPytree, serialize } from "./checkpoint/serialize.ts";
export { setWeights } from "./checkpoint/set-weights.ts";
export type { SetWeightsOptions, WeightsReport } from "./checkpoint/weights-report.ts";
export { parseSlice, type SliceIndex, type SliceInput } from "./format/slice-parse.ts";
export { type CachedOptions, cached, cachedStore, trimCache } from "./io/cached.ts";
export type {
  BlobLike,
  FileHandleLike,
  OpfsDirectoryLike,
  OpfsFileLike,
  SyncAccessHandleLike,
} from "./io/duck-types.ts";
export type { SinkInput } from "./io/open-sink.ts";
export type { SourceInput } from "./io/open-source.ts";
export { openStore, type StoreInput } from "./io/open-store.ts";
export type { DownloadProgress, HttpOptions, SinkOptions, SourceOptions } from "./io/options.ts";
export { type Address, type OpenScheme, registerScheme } from "./io/schemes.ts";
export type { HubOptions } from "./io/stores/hub/options.ts";
export { memoryStore } from "./io/stores/memory.ts";
export type {
  ByteSink,
  ByteSource,
  ListOptions,
  ReadOptions,
  Store,
  StoreEntry,
  StoreSinkOptions,
  StoreSourceOptions,
} from "./io/types.ts";
export type { CastOptions } from "./tensor/convert.ts";
export { DTYPE_NAMES, DTYPES, type Dtype, type DtypeArray, isDtype } from "./tensor/dtypes.ts";
export type { DtypeOf, ElementOf, FromOptions, TensorValues, TypedArray } from "./tensor/elements.ts";
export type { NestedArray, NestedValues } from "./tensor/nested.ts";
export { Tensor } from "./tensor/tensor.ts";
export { type Dict2PytreeOptions, dict2pytree } from "./tree/dict2pytree.ts";
export {
  treeFlatten,
  treeFlattenWithPath,
  treeLeaves,
  treeLeavesWithPath,
  treeStructure,
} from "./tree/flatten.ts";
export { guessKeyStyle } from "./tree/keys/guess.ts";
export {
  DictKey,
  type DictKeyValue,
  FlattenedIndexKey,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  SequenceKey,
} from "./tree/keys/keypath.ts";
export { keystr } from "./tree/keys/keystr.ts";
export { keypath2string, string2keypath } from "./tree/keys/keystring.ts";
export {
  KEY_STYLES,
  type KeyStyle,
  type KeyStyleName,
  type KeyStyleOption,
  type ReadKeyStyleOption,
} from "./tree/keys/keystyles.ts";
export type { AttributesAs } from "./tree/kinds/attrs.ts";
export { PyTreeContainer } from "./tree/kinds/container.ts";
export { OpaqueNode } from "./tree/kinds/opaque.ts";
export {
  type DataclassOptions,
  type FlattenedNode,
  type PytreeClass,
  type PytreeNodeOptions,
  registerDataclass,
  registerPytreeNode,
} from "./tree/kinds/registry.ts";
export type { BuildLimits } from "./tree/limits.ts";
export { type MapLeaves, treeMap, treeMapWithPath } from "./tree/map.ts";
export { type Pytree2DictOptions, pytree2dict } from "./tree/pytree2dict.ts";
export { TreeDef, treeUnflatten } from "./tree/treedef.ts";
export type { FlattenOptions } from "./tree/walk.ts";
