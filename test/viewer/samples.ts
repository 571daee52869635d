/** Files that look like those of real models, for the page's tests and pictures. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PyTreeContainer, save, savePytree, Tensor } from "pytree2safetensors";

/** Numbers like random ones, the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Weights with the spread of trained ones, and a pattern that a heat map shows. */
export function weights(shape: readonly number[], seed: number, scale = 0.05): Tensor<"F32"> {
  const next = randomNumbers(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  const width = shape.at(-1) ?? 1;
  const data = Float32Array.from({ length: size }, (_, i) => {
    const noise = next() + next() + next() - 1.5;
    const [row, column] = [Math.floor(i / width), i % width];
    return scale * (noise + 0.7 * Math.sin(row / 9 + seed) * Math.cos(column / 7));
  });
  return Tensor.from(data, { shape: [...shape] }) as Tensor<"F32">;
}

/** A small transformer as an Equinox module would have it; `version` tells its checkpoints apart. */
export function sampleModel(version = 0): PyTreeContainer {
  const block = (i: number) =>
    new PyTreeContainer({
      attention: new PyTreeContainer({
        query: weights([64, 64], 10 * i + 1 + version, 0.05 + version * 0.002),
        key: weights([64, 64], 10 * i + 2),
        value: weights([64, 64], 10 * i + 3).cast("BF16"),
        output: weights([64, 64], 10 * i + 4),
      }),
      mlp: new PyTreeContainer({ up: weights([64, 256], 10 * i + 5), down: weights([256, 64], 10 * i + 6) }),
      norm: new PyTreeContainer({
        scale: weights([64], 10 * i + 7),
        bias: Tensor.from(new Float32Array(64)),
      }),
    });
  return new PyTreeContainer({
    embedding: weights([512, 64], 900 + version, 0.02),
    layers: Array.from({ length: 6 }, (_, i) => block(i)),
    head: { weight: weights([64, 512], 950), bias: weights([512], 951) },
    position: weights([4, 16, 64], 960),
    counts: Tensor.from(BigInt64Array.from([1n, 2n ** 53n + 1n, -3n])),
    step: 1200 + version,
    activation: "gelu",
    odd: Tensor.from(new Float32Array([0, 1, Number.NaN, Number.POSITIVE_INFINITY, -2])),
  });
}

/** Writes the samples into a folder and gives their paths. */
export async function writeSamples(folder: string) {
  mkdirSync(join(folder, "run"), { recursive: true });
  mkdirSync(join(folder, "sharded"), { recursive: true });
  const path = (name: string) => join(folder, name);
  const metadata = { format: "np", note: "a sample" };
  await savePytree(sampleModel(), path("model.safetensors"), { metadata });
  const changed = sampleModel(1) as PyTreeContainer & Record<string, unknown>;
  await savePytree(
    new PyTreeContainer({
      ...changed,
      position: weights([4, 16, 32], 960),
      head: { weight: weights([64, 512], 950).cast("F16"), offset: weights([512], 951) },
      extra: weights([8, 8], 999),
    }),
    path("changed.safetensors"),
    { metadata },
  );
  await savePytree(sampleModel(), path("sharded"), { maxShardSize: "300kB" });
  for (const [i, step] of [100, 200, 300, 400, 500, 600].entries()) {
    const metrics = { loss: 2.5 * Math.exp(-i / 2) + 0.2, accuracy: 0.95 - 0.8 * Math.exp(-i / 2) };
    await savePytree(
      { w: weights([64, 64], 5, 0.05 + i * 0.01), b: weights([64], 6 + i) },
      path(`run/step-${String(step).padStart(8, "0")}.safetensors`),
      {
        metadata: {
          "pytree2safetensors.step": String(step),
          "pytree2safetensors.metrics": JSON.stringify(metrics),
          "pytree2safetensors.time": new Date(Date.UTC(2026, 0, 1, 12, i)).toISOString(),
        },
      },
    );
  }
  writeFileSync(path("markup.safetensors"), save(MARKUP));
  return {
    model: path("model.safetensors"),
    changed: path("changed.safetensors"),
    sharded: path("sharded"),
    run: path("run"),
    markup: path("markup.safetensors"),
  };
}

const one = Tensor.from([1, 2, 3]);

/** Names that a page which takes them for markup, for an address or for a property would stumble over. */
export const MARKUP: Readonly<Record<string, Tensor>> = {
  '<img src="x" onerror="globalThis.hacked = 1">': one,
  "<script>globalThis.hacked = 1</script>": one,
  "javascript:globalThis.hacked=1": one,
  "'\"><b>bold</b>&amp;": one,
  "\u202eright to left": one,
  "line\nbreak\ttab\u0000nul": one,
  constructor: one,
  ["__proto__"]: one,
};
