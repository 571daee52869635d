import { type Fault, Pytree2SafetensorsError } from "../base/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import { matchWeights } from "../tree/match.ts";
import { flattenTemplate } from "../tree/template.ts";
import type { ArrayInfo } from "./adapter.ts";
import { isArrayLeaf, leafInfo, readLeafSync, requireLeafInfo } from "./leaf.ts";
import { makeArraySync } from "./make.ts";
import { type CheckpointSource, type OpenOptions, withFile } from "./open.ts";
import { type ArraysOption, type ReadTensorsOptions, requireChoice } from "./options.ts";
import { isPlainKind, toPlainKind } from "./plain-kind.ts";
import { collect } from "./read-arrays.ts";
import type { LeafDict } from "./save.ts";
import { selectNames } from "./select.ts";

/** What does not fit between a template and a file, all of it, known before any data is read. */
export interface WeightsReport {
  /** Key strings of template leaves that hold numbers and that the file has no tensor for; they keep their values. */
  readonly missing: readonly string[];
  /** Names of tensors that no leaf of the template takes; they are not read. */
  readonly unexpected: readonly string[];
  /** Leaves whose shape differs from their tensor's. */
  readonly mismatched: readonly {
    readonly name: string;
    readonly expected: readonly number[];
    readonly found: readonly number[];
  }[];
}

/** Options of {@link setWeights}. */
export interface SetWeightsOptions<A = Tensor> extends ArraysOption<A>, KeyStyleOption {
  /**
   * How template leaves meet tensors: by equal key strings (`"exact"`, the default), or also by equal names whatever
   * the kinds of their keys (`"name"`): `layers.0.w` meets `layers#0@w`.
   */
  readonly match?: "exact" | "name";
  /** Throws on anything that does not fit, with all of it in `faults`. */
  readonly strict?: boolean;
  /** Takes tensors of another shape than the template's leaf. */
  readonly allowShapeMismatch?: boolean;
  /** Called once, before data are read, with everything that does not fit. */
  readonly onReport?: (report: WeightsReport) => void;
  /** Spells the keys of plain objects as attributes. */
  readonly objects?: "dict" | "attrs";
  /** Treats a value as a leaf even if it is a container. */
  readonly isLeaf?: (value: unknown) => boolean;
  /** How deep a template may be; 1,000 unless told. */
  readonly maxDepth?: number;
}

/** Options of {@link loadIntoPytree}. */
export interface LoadIntoPytreeOptions<A = Tensor>
  extends SetWeightsOptions<A>,
    Omit<ReadTensorsOptions, "into">,
    OpenOptions {}

/**
 * A tree like `module` whose leaves are the values of `dict` under the same key strings; leaves that the dict has not
 * keep their values, and `module` itself stays as it is. Shapes must match; the dict's dtypes win, but leaves that are
 * numbers, booleans, bigints or typed arrays keep their kind.
 *
 * @throws `ShapeMismatch`; `WeightsMismatch` where nothing matches at all, or under `strict` anything does not;
 *   `AmbiguousKey`; `LossyConversion` where a leaf's kind can't hold a value.
 * @example
 * ```ts
 * const trained = setWeights(model, load(bytes));
 * ```
 */
export function setWeights<T, A = Tensor>(
  module: T,
  dict: LeafDict<A>,
  options: SetWeightsOptions<A> = {},
): T {
  const adapter = options.arrays;
  const names = Object.keys(dict);
  const values: readonly unknown[] = names.map((name) => dict[name]);
  const infoOf = (index: number) => {
    const name = names[index]!;
    return requireLeafInfo(values[index], adapter, name, () => JSON.stringify(name));
  };
  const plan = planWeights(module, names, infoOf, options);
  const leaves = plan.leaves.map((leaf, i) => {
    const index = plan.indexFor(i);
    if (index === undefined) return leaf;
    const value = values[index];
    const plain = isPlainKind(leaf);
    if (!plain && (adapter === undefined || adapter.is(value))) return value;
    const name = names[index]!;
    const { dtype, shape } = infoOf(index);
    const { buffer, byteOffset, byteLength } = readLeafSync(value, { dtype, shape }, adapter, name);
    const tensor = Tensor.fromBuffer(dtype, shape, buffer, byteOffset, byteLength);
    return plain ? toPlainKind(leaf, tensor, name) : makeArraySync(adapter, tensor, name);
  });
  return plan.rebuild(leaves) as T;
}

/**
 * Loads a file's tensors into a tree like `module`: only those that the template has a leaf for are read. See
 * {@link setWeights} for what becomes of each leaf.
 *
 * @throws What {@link setWeights} throws, before data are read where it can; every error of the format; what the
 *   source throws.
 * @example
 * ```ts
 * const model = await loadIntoPytree(init(), "model.safetensors", { strict: true });
 * ```
 */
export async function loadIntoPytree<T, A = Tensor>(
  module: T,
  source: CheckpointSource,
  options: LoadIntoPytreeOptions<A> = {},
): Promise<T> {
  return withFile(source, options, async (file) => {
    const names = selectNames(file, options.select, options.keys);
    const plan = planWeights(module, names, (index) => file.info(names[index]!), options);
    const nameFor = (leaf: number) => names[plan.indexFor(leaf) ?? -1];
    const leafOf = new Map<string, unknown>();
    plan.leaves.forEach((leaf, i) => {
      const name = nameFor(i);
      if (name !== undefined) leafOf.set(name, leaf);
    });
    const used = [...leafOf.keys()];
    const made = await collect(file, used, options, options.arrays, (name, tensor) => {
      const leaf = leafOf.get(name);
      return isPlainKind(leaf) ? toPlainKind(leaf, tensor, name) : undefined;
    });
    const values = new Map(used.map((name, i) => [name, made[i]]));
    const leaves = plan.leaves.map((leaf, i) => {
      const name = nameFor(i);
      return name === undefined ? leaf : values.get(name);
    });
    return plan.rebuild(leaves) as T;
  });
}

/** How a template and named tensors go together. */
interface WeightsPlan {
  readonly leaves: readonly unknown[];
  /** The number of the tensor that replaces a leaf; `undefined` where the leaf stays. */
  indexFor(leaf: number): number | undefined;
  rebuild(leaves: readonly unknown[]): unknown;
}

function planWeights(
  module: unknown,
  names: readonly string[],
  infoOf: (index: number) => ArrayInfo,
  options: SetWeightsOptions<unknown>,
): WeightsPlan {
  const { match = "exact", objects = "dict", isLeaf, keys, maxDepth } = options;
  requireChoice("match", match, ["exact", "name"]);
  requireChoice("objects", objects, ["dict", "attrs"]);
  const adapter = options.arrays;
  const template = flattenTemplate(module, {
    objects,
    takeLeaf: (value: object) => (isArrayLeaf(value, adapter) ? value : undefined),
    ...(isLeaf && { isLeaf }),
    ...(keys && { keys }),
    maxDepth,
  });
  const tensors = names.map((name, index) => ({ name, index }));
  const { pairs, unexpected } = matchWeights(template.leaves, tensors, { mode: match });
  const missing: string[] = [];
  const mismatched: { name: string; expected: readonly number[]; found: readonly number[] }[] = [];
  let matched = 0;
  for (const { leaf, tensor } of pairs) {
    const expected = leafInfo(leaf.leaf, adapter);
    if (tensor !== undefined) matched++;
    else if (expected !== undefined) missing.push(leaf.name);
    if (tensor === undefined || expected === undefined) continue;
    const found = infoOf(tensor.index).shape;
    if (!sameShape(expected.shape, found))
      mismatched.push({ name: tensor.name, expected: expected.shape, found });
  }
  const report: WeightsReport = { missing, unexpected: unexpected.map(({ name }) => name), mismatched };
  options.onReport?.(report);
  refuse(report, matched, options);
  return {
    leaves: template.leaves.map(({ leaf }) => leaf),
    indexFor: (leaf) => pairs[leaf]!.tensor?.index,
    rebuild: template.rebuild,
  };
}

/** Throws for what the options don't allow, with all of it in one error. */
function refuse(report: WeightsReport, matched: number, options: SetWeightsOptions<unknown>): void {
  const { missing, unexpected, mismatched } = report;
  if (matched === 0 && missing.length + unexpected.length > 0) {
    const hint = options.match === "name" ? "" : '; if only the kinds of keys differ, pass { match: "name" }';
    throw new Pytree2SafetensorsError(
      "WeightsMismatch",
      `no tensor matches any leaf of the template: the template has ${list(missing)}, the file has ${list(unexpected)}${hint}`,
      { expected: list(missing), found: list(unexpected) },
    );
  }
  const shapes: Fault[] = mismatched.map(({ name, expected, found }) => ({
    code: "ShapeMismatch",
    message: `tensor ${JSON.stringify(name)} has shape [${found}], the template's leaf [${expected}]`,
    tensor: name,
    expected: `[${expected}]`,
    found: `[${found}]`,
  }));
  const faults: Fault[] = options.allowShapeMismatch ? [] : [...shapes];
  if (options.strict) {
    for (const tensor of missing) {
      faults.push({
        code: "WeightsMismatch",
        message: `the file has no tensor for the leaf ${JSON.stringify(tensor)}`,
        tensor,
      });
    }
    for (const tensor of unexpected) {
      faults.push({
        code: "WeightsMismatch",
        message: `the template has no leaf for the tensor ${JSON.stringify(tensor)}`,
        tensor,
      });
    }
  }
  const [first] = faults;
  if (first === undefined) return;
  const { code, message, ...fields } = first;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more, see "faults")` : "";
  const wayOut = code === "ShapeMismatch" ? "; pass { allowShapeMismatch: true } to take it" : "";
  throw new Pytree2SafetensorsError(code, message + wayOut + more, { ...fields, faults });
}

function list(names: readonly string[]): string {
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name));
  return names.length > 3 ? `${shown.join(", ")} and ${names.length - 3} more` : shown.join(", ");
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
