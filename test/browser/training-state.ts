// What the trainer and those who look after it agree on.
import { Tensor } from "pytree2safetensors";
import type { KeepRules } from "pytree2safetensors/training";

/** The rules of the trainer. */
export const KEEP: KeepRules = { last: 2 };

const SIZES = [60_000, 300, 25_000];

/** A training state whose every value tells its step. */
export function stateOf(step: number) {
  const layers = SIZES.map((size) => ({ w: new Tensor("F32", [size], new Float32Array(size).fill(step)) }));
  return { layers, step };
}
