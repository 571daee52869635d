import { Tensor } from "pytree2safetensors";

type Leaf = Tensor;
type Linear = { w: Leaf; b: Leaf };
type Norm = { scale: Leaf; bias: Leaf };

/** A transformer's parameters as programs nest them: 16 leaves a layer. */
export interface Transformer {
  readonly layers: readonly {
    readonly attention: { readonly q: Linear; readonly k: Linear; readonly v: Linear; readonly o: Linear };
    readonly mlp: { readonly up: Linear; readonly down: Linear };
    readonly norm1: Norm;
    readonly norm2: Norm;
  }[];
}

/** How many leaves a layer has. */
export const LEAVES_PER_LAYER = 16;

/** A transformer of `layers` layers, its leaves made by `leaf`. */
export function transformer(
  layers: number,
  width: number,
  leaf: (shape: readonly number[]) => Leaf,
): Transformer {
  const linear = (from: number, to: number): Linear => ({ w: leaf([from, to]), b: leaf([to]) });
  const norm = (): Norm => ({ scale: leaf([width]), bias: leaf([width]) });
  return {
    layers: Array.from({ length: layers }, () => ({
      attention: {
        q: linear(width, width),
        k: linear(width, width),
        v: linear(width, width),
        o: linear(width, width),
      },
      mlp: { up: linear(width, 4 * width), down: linear(4 * width, width) },
      norm1: norm(),
      norm2: norm(),
    })),
  };
}

/** A tree of about `leaves` leaves, all of them one small tensor: for work that does not look at their data. */
export function treeOf(leaves: number): Transformer {
  const leaf = Tensor.from([1]);
  return transformer(Math.max(1, Math.round(leaves / LEAVES_PER_LAYER)), 1, () => leaf);
}

/** Leaves of a dtype, views of one block of memory that is as large as all of them together. */
export function leavesIn(
  memory: ArrayBuffer,
  dtype: "F32" | "BF16" | "U8",
): (shape: readonly number[]) => Tensor {
  let at = 0;
  const width = { F32: 4, BF16: 2, U8: 1 }[dtype];
  return (shape) => {
    const bytes = shape.reduce((product, dimension) => product * dimension, width);
    const tensor = Tensor.fromBuffer(dtype, shape, memory, at, bytes);
    at += bytes;
    return tensor;
  };
}

/** Memory of `bytes` bytes with finite values for every float dtype, all of its pages touched. */
export function filledMemory(bytes: number): ArrayBuffer {
  const memory = new ArrayBuffer(bytes);
  const block = Uint8Array.from({ length: 2 ** 16 }, (_, i) => (i * 2654435761) >>> 25);
  const target = new Uint8Array(memory);
  for (let at = 0; at < bytes; at += block.length) {
    target.set(at + block.length <= bytes ? block : block.subarray(0, bytes - at), at);
  }
  return memory;
}

/** Numbers as models have them: normally distributed, a fiftieth wide. */
export function weights(count: number): Float32Array<ArrayBuffer> {
  const block = Float32Array.from({ length: 2 ** 16 }, (_, i) => {
    const [radius, angle] = [((i * 40503) % 65521) + 1, (i * 2654435761) % 2 ** 32];
    return 0.02 * Math.sqrt(-2 * Math.log(radius / 65522)) * Math.cos((2 * Math.PI * angle) / 2 ** 32);
  });
  const values = new Float32Array(count);
  for (let at = 0; at < count; at += block.length) values.set(block.subarray(0, count - at), at);
  return values;
}

/** The width at which 300 layers have about so many bytes. */
export function widthFor(bytes: number, bytesPerElement: number): number {
  return Math.round(Math.sqrt(bytes / (300 * 12 * bytesPerElement)) / 4) * 4;
}
