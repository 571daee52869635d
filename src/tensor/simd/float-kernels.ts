/** Runs the kernels over arrays of any length, through a little memory of their own. */

import type { FastFloats } from "../float-codes.ts";
import { assembleKernels } from "./kernels.ts";

// Elements that go through the kernels' memory at once: with their codes, they stay in the second level of cache.
const BLOCK = 2 ** 14;
// Below this, a loop is done before the kernels have been compiled.
const MIN_ELEMENTS = 2 ** 16;
const CODES_AT = 4 * BLOCK;
const MEMORY_BYTES = CODES_AT + 2 * BLOCK;

type Kernel = (from: number, to: number, end: number) => void;

interface Kernels {
  readonly floats: Float32Array;
  readonly codes: Uint16Array;
  /** By direction and dtype: `encodeBF16`. */
  readonly byName: Readonly<Record<string, unknown>>;
}

// Made when they are first needed; `null` where there is no WebAssembly, or it is forbidden.
let kernels: Kernels | null | undefined;

function makeKernels(): Kernels | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleKernels(MEMORY_BYTES)));
    const { buffer } = exports.memory as WebAssembly.Memory;
    return {
      floats: new Float32Array(buffer, 0, BLOCK),
      codes: new Uint16Array(buffer, CODES_AT, BLOCK),
      byName: exports,
    };
  } catch {
    return null;
  }
}

/** Decodes or encodes as the functions of `float-codes.ts` do; `false` if that is left to a loop. */
export const convertFast: FastFloats = (direction, dtype, source, target) => {
  if (source.length < MIN_ELEMENTS) return false;
  kernels ??= makeKernels();
  const kernel = kernels?.byName[direction + dtype] as Kernel | undefined;
  if (!kernels || kernel === undefined) return false;
  const { floats, codes } = kernels;
  const [input, output] = direction === "decode" ? [codes, floats] : [floats, codes];
  for (let at = 0; at < target.length; at += BLOCK) {
    const count = Math.min(BLOCK, target.length - at);
    const end = output.byteOffset + count * output.BYTES_PER_ELEMENT;
    input.set(source.subarray(at, at + count));
    kernel(input.byteOffset, output.byteOffset, end);
    target.set(count < BLOCK ? output.subarray(0, count) : output, at);
  }
  return true;
};
