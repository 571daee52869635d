/**
 * Save and load pytrees as safetensors files. This is what browsers get; `index.node.ts` adds paths and file
 * handles to the same functions.
 *
 * @module
 */
export { type ErrorCode, type ErrorDetails, type Fault, isPytree2SafetensorsError, Pytree2SafetensorsError } from "./base/errors.ts";
export type { Awaitable } from "./base/types.ts";
export type { ArrayAdapter, ArrayInfo } from "./checkpoint/adapter.ts";
export { SafetensorsFile, type StreamOptions, type TensorInfo, type TensorOptions, type TensorsOptions } from "./checkpoint/file.ts";
export { LazyTensor } from "./checkpoint/lazy.ts";
export { type LoadFileOptions, type LoadOptions, load, loadFile } from "./checkpoint/load.ts";
export { type LoadPytreeOptions, loadPytree, type PyTree, type PytreeWithMetadata } from "./checkpoint/load-pytree.ts";
export { type CheckpointSource, type OpenOptions, openSafetensors } from "./checkpoint/open.ts";
export type { ArraysOption, Cast, LongCallOptions, ReadTensorsOptions, Select, WarningOption } from "./checkpoint/options.ts";
export type { OnProgress, Progress } from "./checkpoint/progress.ts";
export { type LeafDict, type Metadata, type SaveFileOptions, type SaveOptions, save, saveFile } from "./checkpoint/save.ts";
export { type SavePytreeOptions, type SerializedPytree, savePytree, serialize } from "./checkpoint/save-pytree.ts";
export type { ShardSink } from "./checkpoint/save-shards.ts";
export { type LoadIntoPytreeOptions, loadIntoPytree, type SetWeightsOptions, setWeights, type WeightsReport } from "./checkpoint/weights.ts";
