// The trees that killed programs save: each tells which one it is, and whether it is whole.
import { Tensor } from "../../../src/index.node.ts";

/** The most that a shard of the tests has: three to five make a generation. */
export const SHARD_BYTES = 40_000;

/** How many times smaller the trees of killed programs are: more saves in the same time, and as many steps in each. */
export const SMALL = 20;

const SIZES = [3_000, 5_000, 8_000, 1, 4_000];

/** A tree whose every value tells its generation, and whose layout differs from its neighbours'. */
export function treeOf(generation: number, smaller = 1): object {
  const values = (length: number) => new Tensor("F32", [length], new Float32Array(length).fill(generation));
  const layers = SIZES.map((size) => ({
    b: values(generation % 3),
    w: values(Math.ceil(size / smaller) + (generation % 7)),
  }));
  // In the order in which they load.
  return { ema: generation % 2 ? null : values(2_000 / smaller), empty: [], layers, step: generation };
}

/** The generation that a tree is, whole and unmixed; throws what is wrong with it otherwise. */
export function generationOf(tree: unknown, smaller = 1): number {
  const { step } = tree as { readonly step: number };
  const [found, expected] = [digest(tree), digest(treeOf(step, smaller))];
  if (found !== expected) throw new Error(`no whole generation ${step}:\n${found}\n${expected}`);
  return step;
}

/** A tree in which each array is told by its shape, its first value and whether all its values are that one. */
function digest(tree: unknown): string {
  return JSON.stringify(tree, (_, value: unknown) => {
    if (!(value instanceof Tensor)) return value;
    const [first = null] = value.data;
    return `${value.dtype}[${value.shape}] ${first} ${value.data.every((other: unknown) => other === first)}`;
  });
}
