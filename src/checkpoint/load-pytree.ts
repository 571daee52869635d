/** Loads a file as a tree. */
import { requireChoice, requireOptions } from "../base/arguments.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { keystr } from "../tree/keys/keystr.ts";
import type { ReadKeyStyleOption } from "../tree/keys/keystyles.ts";
import type { PyTreeContainer } from "../tree/kinds/container.ts";
import { names2tree, type PlannedTree } from "../tree/names2tree.ts";
import type { ScalarKind } from "../tree/structure/read.ts";
import { SafetensorsFile } from "./file.ts";
import { LazyTensor } from "./lazy.ts";
import { withKeyPath } from "./leaf-error.ts";
import type { LoadFileOptions } from "./load-file.ts";
import { STRUCTURE_KEY, userMetadata } from "./metadata.ts";
import { type CheckpointSource, openToRead } from "./open.ts";
import type { OpenedCheckpoint } from "./opened.ts";
import { warn } from "./options.ts";
import { readArrays } from "./read-arrays.ts";
import { chooseCast, planReading } from "./reads-of.ts";
import { selectTensors, withAliases } from "./select.ts";
import { TensorRead } from "./tensor-read.ts";

/** A tree as {@link loadPytree} returns it, with leaves of type `L`. */
export type PyTree<L = Tensor> =
  | L
  | number
  | bigint
  | boolean
  | string
  | null
  | PyTree<L>[]
  | { [key: string]: PyTree<L> }
  | Map<string | number | bigint | boolean, PyTree<L>>
  | PyTreeContainer;

/** A tree and the metadata strings of its file, as `loadPytree` returns them with `{ withMetadata: true }`. */
export interface PytreeWithMetadata<T> {
  /** The tree. */
  readonly tree: T;
  /** Your metadata strings, without the structure metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of {@link loadPytree}. */
export interface LoadPytreeOptions<A = Tensor> extends Omit<LoadFileOptions<A>, "keys">, ReadKeyStyleOption {
  /**
   * How to use the file's structure metadata. `"auto"`, the default, uses it if it exists and fits the tensors.
   * `"ignore"` builds the tree from the key strings alone. `"require"` throws if it is missing or doesn't fit.
   */
  readonly structure?: "auto" | "ignore" | "require";
  /** What attribute nodes (`.name`) load as: a {@link PyTreeContainer} (the default of the root entry) or a plain object. */
  readonly attributes?: "container" | "object";
  /** Returns {@link LazyTensor}s as leaves, whose data is read when you ask for it. The file stays open for them. */
  readonly lazy?: boolean;
  /** Returns the tree together with the file's metadata strings. */
  readonly withMetadata?: boolean;
  /** What objects of unregistered classes load as: containers, the default, or opaque nodes that keep their class when saved. */
  readonly unknownClasses?: "container" | "opaque";
  /** How deep a tree may be; 1,000 by default. */
  readonly maxDepth?: number;
  /** How many containers the tree may have; by default 100,000, and 16 more for each tensor. */
  readonly maxContainers?: number;
  /** How many list elements may be filled with `null` in all; 1,000,000 by default. */
  readonly maxGaps?: number;
}

/**
 * Loads a pytree. List indices (`#`) become arrays, dict keys (`@`) plain objects, and attributes (`.`)
 * {@link PyTreeContainer}s. Structure metadata restores everything else. Dicts are sorted by key, as in JAX.
 *
 * With `select`, the tree has only the selected leaves and the containers that lead to them. With `lazy`, only the header
 * is read; call `leaf.file.close()` when you are done, or the file is closed once its leaves are garbage-collected.
 *
 * @throws Errors of the format, such as `HeaderTooSmall` or `InvalidOffset`; `KeyConflict`, `GapLimit`, `DepthLimit` or
 *   `InvalidKeyString` if the names don't form a tree; `StructureMismatch` or `InvalidStructure` with
 *   `{ structure: "require" }`; `TensorNotFound` if `select` matches nothing; `LossyConversion` if a `cast` can't keep a
 *   value; errors of the source, such as `IoError` or `HttpError`.
 * @example
 * ```ts
 * const state = await loadPytree("state.safetensors");
 * const head = await loadPytree("https://example.com/model.safetensors", {
 *   select: "head",
 *   cast: { BF16: "F32" },
 * });
 * ```
 */
export async function loadPytree<T = PyTree<LazyTensor>>(
  source: CheckpointSource,
  options: LoadPytreeOptions<LazyTensor> & { readonly lazy: true; readonly withMetadata: true },
): Promise<PytreeWithMetadata<T>>;
export async function loadPytree<T = PyTree<LazyTensor>>(
  source: CheckpointSource,
  options: LoadPytreeOptions<LazyTensor> & { readonly lazy: true; readonly withMetadata?: false },
): Promise<T>;
export async function loadPytree<T = unknown, A = Tensor>(
  source: CheckpointSource,
  options: LoadPytreeOptions<A> & { readonly withMetadata: true },
): Promise<PytreeWithMetadata<unknown extends T ? PyTree<A> : T>>;
export async function loadPytree<T = unknown, A = Tensor>(
  source: CheckpointSource,
  options?: LoadPytreeOptions<A>,
): Promise<unknown extends T ? PyTree<A> : T>;
export async function loadPytree(
  source: CheckpointSource,
  options: LoadPytreeOptions<unknown> = {},
): Promise<unknown> {
  requireOptions(options);
  requireChoice("structure", options.structure, ["auto", "ignore", "require"]);
  requireChoice("attributes", options.attributes, ["container", "object"]);
  requireChoice("unknownClasses", options.unknownClasses, ["container", "opaque"]);
  const { file, onProgress } = await openToRead(source, options, SafetensorsFile);
  let staysOpen = file === source;
  try {
    const all = (options.aliases ? withAliases(file) : file.present).map((tensor) => new TensorRead(tensor));
    const plan = planTree(file, all, options);
    const isScalar = (read: TensorRead) => plan.scalars.has(read);
    // Scalars are a few bytes each, and nobody wants to await a step counter.
    const eager = options.lazy ? plan.tensors.filter(isScalar) : [...plan.tensors];
    if (options.lazy) makeLazy(file as SafetensorsFile, plan, options);
    const reads = planReading(eager, options, isScalar);
    const reading = options.lazy ? { signal: options.signal } : { ...options, onProgress };
    const convert =
      plan.scalars.size === 0
        ? undefined
        : (read: TensorRead, tensor: Tensor) => (isScalar(read) ? tensor.item() : undefined);
    await readArrays(reads, reading, options.arrays, convert).catch((error) => {
      throw withKeyPath(error, (tensor) => {
        const path = plan.paths()[all.findIndex(({ name }) => name === tensor)];
        return path && keystr(path);
      });
    });
    const tree = plan.build((read) => read.value);
    // Without a lazy leaf, nobody would ever close it.
    staysOpen ||= options.lazy === true && eager.length < plan.tensors.length;
    return options.withMetadata ? { tree, metadata: userMetadata(file.metadata) } : tree;
  } finally {
    if (!staysOpen) await file.close();
  }
}

/** The tree that the names of a file make, before there are leaves. */
function planTree(
  file: OpenedCheckpoint,
  reads: readonly TensorRead[],
  options: LoadPytreeOptions<unknown>,
): PlannedTree<TensorRead> {
  const { select, keys, structure: mode, aliases } = options;
  const names =
    select === undefined
      ? undefined
      : new Set(selectTensors(file, select, keys, aliases).map(({ name }) => name));
  if (names === undefined) file.requireNone(file.missing.keys());
  return names2tree(reads, {
    ...options,
    mode,
    structure: file.metadata[STRUCTURE_KEY],
    isTorch: file.metadata.format === "pt",
    onWarning: (error) => warn(options, error),
    isScalar: fitsScalar,
    include: names && ((read) => names.has(read.name)),
  });
}

/** Whether a tensor can be the scalar of JavaScript that the structure metadata says it is. */
function fitsScalar({ dtype, shape }: TensorRead, kind: ScalarKind): boolean {
  if (shape.length > 0) return false;
  if (kind === "number") return dtype === "F64";
  return kind === "boolean" ? dtype === "BOOL" : dtype === "I64" || dtype === "U64";
}

/** Puts a lazy leaf where a tensor is that isn't a scalar. */
function makeLazy(
  file: SafetensorsFile,
  plan: PlannedTree<TensorRead>,
  options: LoadPytreeOptions<unknown>,
): void {
  for (const read of plan.tensors) {
    if (plan.scalars.has(read)) continue;
    const { name, shape, dtype } = read;
    const target = chooseCast(options.cast, name, read.tensor) ?? dtype;
    read.value = new LazyTensor(file, name, { dtype: target, shape }, options.lossy);
  }
}
