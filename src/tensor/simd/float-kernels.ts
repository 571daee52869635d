/** Runs the kernels over arrays of any length, through a little memory of their own. */

import type { Codes } from "../float-codes.ts";
import type { CodedFloat } from "../float-formats.ts";
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
  readonly encode: Partial<Record<CodedFloat, Kernel>>;
  readonly decode: Partial<Record<CodedFloat, Kernel>>;
}

// Made when they are first needed; `null` where there is no WebAssembly, or it is forbidden.
let kernels: Kernels | null | undefined;

function makeKernels(): Kernels | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assembleKernels(MEMORY_BYTES)));
    const { buffer } = exports.memory as WebAssembly.Memory;
    const kernel = (name: string) => exports[name] as Kernel;
    return {
      floats: new Float32Array(buffer, 0, BLOCK),
      codes: new Uint16Array(buffer, CODES_AT, BLOCK),
      encode: { BF16: kernel("encodeBF16"), F16: kernel("encodeF16") },
      decode: { BF16: kernel("decodeBF16"), F16: kernel("decodeF16") },
    };
  } catch {
    return null;
  }
}

/** Decodes as `decodeFloats` does; `false` if that is left to a loop. */
export function decodeFast(dtype: CodedFloat, codes: Codes, out: Float32Array): boolean {
  if (out.length < MIN_ELEMENTS) return false;
  kernels ??= makeKernels();
  const kernel = kernels?.decode[dtype];
  if (!kernels || kernel === undefined) return false;
  const { floats, codes: own } = kernels;
  for (let at = 0; at < out.length; at += BLOCK) {
    const count = Math.min(BLOCK, out.length - at);
    own.set(codes.subarray(at, at + count));
    kernel(CODES_AT, 0, 4 * count);
    out.set(count < BLOCK ? floats.subarray(0, count) : floats, at);
  }
  return true;
}

/** Encodes as `encodeFloats` does; `false` if that is left to a loop. */
export function encodeFast(dtype: CodedFloat, values: Float32Array, codes: Codes): boolean {
  if (values.length < MIN_ELEMENTS) return false;
  kernels ??= makeKernels();
  const kernel = kernels?.encode[dtype];
  if (!kernels || kernel === undefined) return false;
  const { floats, codes: own } = kernels;
  for (let at = 0; at < values.length; at += BLOCK) {
    const count = Math.min(BLOCK, values.length - at);
    floats.set(values.subarray(at, at + count));
    kernel(0, CODES_AT, CODES_AT + 2 * count);
    codes.set(count < BLOCK ? own.subarray(0, count) : own, at);
  }
  return true;
}
