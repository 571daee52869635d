/** How a template and named tensors go together, known before any data is read. */
import { invalidArgument, requireChoice } from "../base/arguments.ts";
import { type Fault, Pytree2SafetensorsError } from "../base/errors.ts";
import { quote, quoteList } from "../base/quote.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import { matchWeights } from "../tree/match.ts";
import { flattenTemplate, type Template } from "../tree/template.ts";
import { codecOf, describeLeaf } from "./leaf.ts";
import type { ArraysOption } from "./options.ts";

/** Everything that doesn't match between a template and a file, known before any data is read. */
export interface WeightsReport {
  /** Key strings of numeric template leaves that have no tensor in the file. They keep their values. */
  readonly missing: readonly string[];
  /** Names of tensors that match no leaf of the template. They are not read. */
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
   * How template leaves match tensors. `"exact"`, the default, compares key strings. `"name"` also matches keys of
   * different kinds, so that `layers.0.w` matches `layers#0@w`.
   */
  readonly match?: "exact" | "name";
  /** Throws if anything doesn't match. The error's `faults` list every mismatch. */
  readonly strict?: boolean;
  /** Accepts tensors whose shape differs from the template's leaf. */
  readonly allowShapeMismatch?: boolean;
  /** Called once, before data is read, with everything that doesn't match. */
  readonly onReport?: (report: WeightsReport) => void;
  /** Whether keys of plain objects are dict keys (`@key`, the default) or attributes (`.key`). */
  readonly objects?: "dict" | "attrs";
  /** Treats a value as a leaf even if it is a container. */
  readonly isLeaf?: (value: unknown) => boolean;
  /** The maximum depth of the template; 1,000 by default. */
  readonly maxDepth?: number;
}

/** A template whose leaves have met their tensors. */
export interface PairedTemplate<R> extends Template {
  /** The tensor that replaces each leaf, in the template's order; `undefined` where it stays. */
  readonly met: readonly (R | undefined)[];
}

/**
 * Pairs the leaves of a template with tensors, reports what does not fit, and refuses what the options don't allow.
 *
 * @param aliases Other names of tensors, as files with tied weights list them.
 */
export function pairWeights<R extends { readonly name: string; readonly shape: readonly number[] }>(
  module: unknown,
  tensors: readonly R[],
  options: SetWeightsOptions<unknown>,
  aliases?: ReadonlyMap<string, string>,
): PairedTemplate<R> {
  const { match = "exact", objects = "dict", isLeaf, keys, maxDepth } = options;
  requireChoice("match", match, ["exact", "name"]);
  requireChoice("objects", objects, ["dict", "attrs"]);
  const { arrays } = options;
  const takeLeaf = (value: object) => (codecOf(value, arrays) === undefined ? refuseBareShape(value) : value);
  const template = flattenTemplate(module, { takeLeaf, objects, isLeaf, keys, maxDepth }, tensors);
  const { met, unexpected } = matchWeights(template.leaves, tensors, { mode: match, aliases });
  const missing: string[] = [];
  const mismatched: { name: string; expected: readonly number[]; found: readonly number[] }[] = [];
  let matched = 0;
  for (let i = 0; i < met.length; i++) {
    const { name, leaf: value } = template.leaves[i]!;
    const tensor = met[i];
    const codec = codecOf(value, arrays);
    if (tensor !== undefined) matched++;
    else if (codec !== undefined) missing.push(name);
    if (tensor !== undefined && codec !== undefined) {
      const expected = describeLeaf(codec, value, name).shape;
      const { name: found, shape } = tensor;
      if (!sameShape(expected, shape)) mismatched.push({ name: found, expected, found: shape });
    }
  }
  const report: WeightsReport = { missing, unexpected: unexpected.map(({ name }) => name), mismatched };
  options.onReport?.(report);
  refuse(report, matched, options);
  return { ...template, met };
}

/** Refuses what describes an array and isn't one, as functions that only compute shapes give it. */
function refuseBareShape(value: object): undefined {
  if (
    !("dtype" in value && typeof value.dtype === "string" && "shape" in value && Array.isArray(value.shape))
  )
    return;
  throw invalidArgument("a leaf of the template", "an array", value, "a dtype and a shape without data");
}

/** Throws for what the options don't allow, with all of it in one error. */
function refuse(report: WeightsReport, matched: number, options: SetWeightsOptions<unknown>): void {
  const { missing, unexpected, mismatched } = report;
  if (matched === 0 && missing.length + unexpected.length > 0) {
    const hint = options.match === "name" ? "" : '; if only the kinds of keys differ, pass { match: "name" }';
    const message = `no tensor matches any leaf of the template: the template has ${list(missing)}, the file has ${list(unexpected)}${hint}`;
    throw new Pytree2SafetensorsError("WeightsMismatch", message, {
      expected: list(missing),
      found: list(unexpected),
    });
  }
  const shapes = mismatched.map(({ name, expected, found }): Fault => {
    const message = `tensor ${quote(name)} has shape [${found}], the template's leaf [${expected}]`;
    return { code: "ShapeMismatch", message, tensor: name, expected: `[${expected}]`, found: `[${found}]` };
  });
  const unmatched = (names: readonly string[], problem: string) =>
    names.map((tensor): Fault => {
      return { code: "WeightsMismatch", message: `${problem} ${quote(tensor)}`, tensor };
    });
  const { allowShapeMismatch = false, strict = false } = options;
  const faults: Fault[] = [
    ...(allowShapeMismatch ? [] : shapes),
    ...(strict ? unmatched(missing, "the file has no tensor for the leaf") : []),
    ...(strict ? unmatched(unexpected, "the template has no leaf for the tensor") : []),
  ];
  const [first] = faults;
  if (first === undefined) return;
  const { code, message, ...fields } = first;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more, see "faults")` : "";
  const wayOut = code === "ShapeMismatch" ? "; pass { allowShapeMismatch: true } to take it" : "";
  throw new Pytree2SafetensorsError(code, message + wayOut + more, { ...fields, faults });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : quoteList(names, 3);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
