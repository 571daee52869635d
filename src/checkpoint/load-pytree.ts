import type { Tensor } from "../tensor/tensor.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import type { PyTreeContainer } from "../tree/kinds/container.ts";
import { names2tree, type ScalarKind } from "../tree/names2tree.ts";
import type { ArrayInfo } from "./adapter.ts";
import { chooseCast, type SafetensorsFile } from "./file.ts";
import { LazyTensor } from "./lazy.ts";
import type { LoadFileOptions } from "./load.ts";
import { type CheckpointSource, openSafetensors, withFile } from "./open.ts";
import { requireChoice, warn } from "./options.ts";
import { collect } from "./read-arrays.ts";
import { STRUCTURE_KEY } from "./save.ts";
import { selectNames } from "./select.ts";

/** A tree as {@link loadPytree} gives it, with leaves `L`. */
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

/** A tree and the metadata strings of its file: what `loadPytree` gives under `{ withMetadata: true }`. */
export interface PytreeWithMetadata<T> {
  /** The tree, as without `withMetadata`. */
  readonly tree: T;
  /** The user's metadata strings; the structure is not among them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of {@link loadPytree}. */
export interface LoadPytreeOptions<A = Tensor> extends LoadFileOptions<A>, KeyStyleOption {
  /**
   * What becomes of the file's structure metadata: `"auto"`, the default, uses it where it is there and fits the
   * tensors; `"ignore"` builds from the key strings alone; `"require"` throws where it is missing or does not fit.
   */
  readonly structure?: "auto" | "ignore" | "require";
  /** What attribute nodes (`.name`) load as: a {@link PyTreeContainer}, or a plain object. */
  readonly attributes?: "container" | "object";
  /** Leaves are {@link LazyTensor}s, which read themselves when asked; the file stays open for them. */
  readonly lazy?: boolean;
  /** Gives the tree together with the file's metadata strings. */
  readonly withMetadata?: boolean;
  /** How deep a tree may be; 1,000 unless told. */
  readonly maxDepth?: number;
  /** How many containers the tree may have; 100,000 and 16 for each tensor unless told. */
  readonly maxContainers?: number;
  /** How many list elements may be filled with `null` in all; 1,000,000 unless told. */
  readonly maxGaps?: number;
}

/**
 * Loads a pytree: lists for `#`, plain objects for `@`, {@link PyTreeContainer}s for `.`, and whatever else the
 * structure metadata says. Dicts are sorted by key as JAX does.
 *
 * With `select`, the tree has the selected leaves and the containers that lead to them. With `lazy`, only the header is
 * read; the file is closed when its leaves are forgotten, or at once by `leaf.file.close()`.
 *
 * @throws Every error of the format; `KeyConflict`, `GapLimit`, `DepthLimit`, `InvalidKeyString` where the names make no
 *   tree; `StructureMismatch` and `InvalidStructure` under `{ structure: "require" }`; what the source throws.
 * @example
 * ```ts
 * const state = await loadPytree("state.safetensors");
 * const head = await loadPytree(url, { select: "head", cast: { BF16: "F32" } });
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
  const load = options.lazy ? loadLazily : loadWhole;
  const { tree, metadata } = await load(source, options);
  return options.withMetadata ? { tree, metadata } : tree;
}

interface Loaded {
  readonly tree: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

async function loadWhole(source: CheckpointSource, options: LoadPytreeOptions<unknown>): Promise<Loaded> {
  return withFile(source, options, async (file) => {
    const { plan, names, scalars } = planFile(file, options);
    const reading = scalars.size === 0 ? options : sparing(scalars, options);
    const leaves = await collect(file, names, reading, options.arrays, (name, tensor) => {
      return scalars.has(name) ? toScalar(tensor) : undefined;
    });
    const leafOf = new Map(names.map((name, i) => [name, leaves[i]]));
    return { tree: plan.build((name) => leafOf.get(name)), metadata: userMetadataOf(file) };
  });
}

async function loadLazily(source: CheckpointSource, options: LoadPytreeOptions<unknown>): Promise<Loaded> {
  const file = await openSafetensors(source, options);
  try {
    const { plan, names, scalars } = planFile(file, options);
    // Scalars are a few bytes each, and nobody wants to await a step counter.
    const scalarNames = [...scalars];
    const { signal } = options;
    const made = await collect(file, scalarNames, { signal }, undefined, (_, tensor) => toScalar(tensor));
    const values = new Map(scalarNames.map((name, i) => [name, made[i]]));
    const tree = plan.build((name) => values.get(name) ?? lazyTensor(file, name, options));
    // Without a leaf that reads, nobody would ever close it.
    if (file !== source && values.size === names.length) await file.close();
    return { tree, metadata: userMetadataOf(file) };
  } catch (error) {
    if (file !== source) await file.close();
    throw error;
  }
}

/** The same options, but scalars stay what they are: a step counter is no weight to be cast. */
function sparing(
  scalars: ReadonlySet<string>,
  { cast, into, ...options }: LoadPytreeOptions<unknown>,
): LoadPytreeOptions<unknown> {
  return {
    ...options,
    ...(cast && { cast: (name, info) => (scalars.has(name) ? undefined : chooseCast(cast, name, info)) }),
    ...(into && { into: (name, info) => (scalars.has(name) ? undefined : into(name, info)) }),
  };
}

function lazyTensor(file: SafetensorsFile, name: string, options: LoadPytreeOptions<unknown>): LazyTensor {
  const info = file.info(name);
  const target = chooseCast(options.cast, name, info);
  return new LazyTensor(file, name, { dtype: target ?? info.dtype, shape: info.shape }, options.lossy);
}

/** What is to be read for a tree: the names, and which of them are scalars of JavaScript. */
function planFile(file: SafetensorsFile, options: LoadPytreeOptions<unknown>) {
  const names = selectNames(file, options.select, options.keys);
  const selected = options.select === undefined ? undefined : new Set(names);
  const { structure: mode = "auto", attributes = "container", keys } = options;
  const { maxDepth, maxGaps, maxContainers } = options;
  requireChoice("structure", mode, ["auto", "ignore", "require"]);
  requireChoice("attributes", attributes, ["container", "object"]);
  const structure = file.metadata[STRUCTURE_KEY];
  const plan = names2tree(file.names, {
    mode,
    attributes,
    onWarning: (error) => warn(options, error),
    isScalar: (name, kind) => fitsScalar(file.info(name), kind),
    ...(structure !== undefined && { structure }),
    ...(selected && { include: (name: string) => selected.has(name) }),
    ...(keys && { keys }),
    maxDepth,
    maxGaps,
    maxContainers,
  });
  return { plan, names, scalars: new Set(plan.scalars.keys()) };
}

/** Whether a tensor can be the scalar that the structure metadata says it is. */
function fitsScalar({ dtype, shape }: ArrayInfo, kind: ScalarKind): boolean {
  if (shape.length > 0) return false;
  if (kind === "number") return dtype === "F64";
  return kind === "boolean" ? dtype === "BOOL" : dtype === "I64" || dtype === "U64";
}

function toScalar(tensor: Tensor): number | bigint | boolean {
  return tensor.item() as number | bigint | boolean;
}

/** The metadata that the user wrote: all but the structure. */
export function userMetadataOf(file: SafetensorsFile): Readonly<Record<string, string>> {
  const { [STRUCTURE_KEY]: _structure, ...rest } = file.metadata;
  return rest;
}
