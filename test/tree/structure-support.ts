// What the tests of structure metadata share.
import type { Pytree2SafetensorsError } from "../../src/base/errors.ts";
import { type Names2TreeOptions, names2tree } from "../../src/tree/names2tree.ts";
import { tree2names } from "../../src/tree/tree2names.ts";
import { Leaf } from "./arbitraries.ts";

export const [a, b, c] = [new Leaf(0), new Leaf(1), new Leaf(2)];

export const structureOf = (tree: unknown, options = {}) =>
  JSON.parse(tree2names(tree, options).structure ?? "null") as unknown;

/** Loads names with structure metadata; each leaf is its name. */
export function load(names: string[], structure: unknown, options: Names2TreeOptions<string> = {}) {
  const warnings: Pytree2SafetensorsError[] = [];
  const plan = names2tree(names, {
    structure: typeof structure === "string" ? structure : JSON.stringify(structure),
    onWarning: (error) => warnings.push(error),
    ...options,
  });
  return { tree: plan.build((name) => name), warnings };
}

export const nodes = (...records: unknown[]) => ({ version: 1, nodes: records });
