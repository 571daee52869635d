/** What the programs around the blocks of code in the documentation have, for the blocks that aren't whole programs. */
export interface Given {
  /** How the block begins. */
  readonly starts: string;
  /** The lines before it. They and the block run in an empty folder, which https://example.com serves. */
  readonly before?: string;
  /** Where it runs instead of in Node: in a page in Chromium, which `npm run test:browser` opens. */
  readonly inPage?: true;
  /** Why it is compiled, and not run. */
  readonly notRun?: string;
}

const ROOT = `import * as p2s from "pytree2safetensors";`;
const JAX = `import * as jax from "@jax-js/jax"; import * as p2sJax from "pytree2safetensors/jax-js";
await jax.init("cpu", "wasm"); jax.defaultDevice("wasm");`;
const TFJS = `import * as tfjs from "@tensorflow/tfjs"; import * as p2sTf from "pytree2safetensors/tfjs";
await tfjs.setBackend("cpu");`;

/** A file with every name that the blocks ask for. */
const MODEL = `${ROOT}
const tensor = () => p2s.Tensor.from([[1, 2], [3, 4]]);
await p2s.saveFile({
  embedding: new p2s.Tensor("F32", [200, 8], new Float32Array(1600)),
  "encoder@w": tensor(),
  "head.bias": tensor(),
  "layers#0@w": tensor(),
  "layers#0@weight": tensor(),
}, "model.safetensors");`;

/** A template that this file fits. */
const TEMPLATE = `${MODEL}
const template = await p2s.loadPytree("model.safetensors");
const initModel = () => template;`;

const IN_PAGE = `import type { numpy as npTypes } from "@jax-js/jax";
${JAX}
interface PageState { params: { w: npTypes.Array; b: npTypes.Array }; step: number }
const initParams = () => ({ w: jax.numpy.zeros([2]), b: jax.numpy.zeros([]) });
const trainStep = (state: PageState): PageState => ({ ...state, step: state.step + 1 });
const lossOf = (state: PageState): number => 1 / state.step;`;

const ON_THE_HUB = "test/io/stores/hub-recipe.test.ts runs it";
const IN_A_BUCKET = "npm run test:s3 runs it";

/** The blocks that need something, by the file that has them. All others run as they are. */
export const GIVEN: Readonly<Record<string, readonly Given[]>> = {
  "README.md": [
    {
      starts: "// JavaScript",
      before: `${JAX}
const x = jax.numpy.array([1, 2]);
await p2sJax.savePytree({ layers: [{ weight: jax.numpy.array([[1, 2]]) }] }, "model.safetensors");`,
    },
    {
      starts: '// or from "pytree2safetensors/tfjs"',
      before: `${JAX}
const init = () => ({ w: jax.numpy.zeros([2]) });
const [params, optimizer, step] = [init(), init(), 1];
await p2sJax.savePytree(init(), "model.safetensors");`,
    },
  ],
  "site/home.md": [
    {
      starts: "// JavaScript",
      before: `${JAX}
const x = jax.numpy.array([1, 2]);
await p2sJax.savePytree({ layers: [{ weight: jax.numpy.array([[1, 2]]) }] }, "model.safetensors");`,
    },
  ],
  "docs/format.md": [{ starts: "{\n  layers:", notRun: "a value, not a program" }],
  "docs/guide.md": [
    { starts: 'await savePytree(tree, "state', before: "const tree = { w: new Float32Array(2) };" },
    {
      starts: "await savePytree(tree, path",
      before: 'const [tree, path] = [{ w: new Float32Array(2) }, "state.safetensors"];',
    },
    {
      starts: "const model = await loadIntoPytree(createModel()",
      before: `${MODEL}\nconst template = await p2s.loadPytree("model.safetensors");
const createModel = () => template;`,
    },
    {
      starts: 'import { openSafetensors } from "pytree2safetensors";',
      before: `${JAX}\n${MODEL}`,
    },
    {
      starts: "// In a page",
      inPage: true,
      before: `${ROOT}
const bytes = p2s.save({ w: new Float32Array(2) });
const chosen = new DataTransfer(); chosen.items.add(new File([new Uint8Array(bytes)], "model.safetensors"));
const input = document.createElement("input"); input.type = "file"; input.files = chosen.files;
const [state, link] = [{ w: new Float32Array(2) }, document.createElement("a")];
const url = "https://example.com/uploaded.safetensors";`,
    },
    {
      starts: "const source: ByteSource",
      before: `${MODEL}
import { readFile } from "node:fs/promises";
const key = "model.safetensors";
const store = {
  size: async (name: string) => (await readFile(name)).length,
  range: async (name: string, start: number, end: number, _signal?: AbortSignal) =>
    (await readFile(name)).subarray(start, end),
};`,
    },
    {
      starts: "import { loadPytree, memoryStore",
      before: "const tree = { w: new Float32Array(2) };",
      notRun: "it needs a bucket; npm run test:s3 saves and loads trees in one",
    },
    { starts: "import { cached", before: MODEL },
    {
      starts: "// Reads the header only.",
      before: `${MODEL}\nimport { createHash } from "node:crypto";\nconst hash = createHash("sha256");`,
    },
    { starts: "interface Model", before: `${MODEL}\nconst head = new Float32Array(2);` },
    { starts: "const saving =", before: "const weights = new Float32Array(2);" },
    { starts: 'await savePytree(tree, "checkpoint"', before: "const tree = { w: new Float32Array(2) };" },
    {
      starts: 'const file = await openSafetensors("https://store.example.com',
      before: `${ROOT}
const tree = new p2s.PyTreeContainer({ embedding: new Float32Array(9) });
await p2s.savePytree(tree, "run7", { maxShardSize: "1GB" });
const [worker, workers] = [1, 2];`,
    },
    {
      starts: "const aborter",
      before: `${MODEL}
const button: { onclick?: () => void } = {};
const [bar, url] = [{ value: 0 }, "https://example.com/model.safetensors"];`,
    },
  ],
  "docs/training.md": [
    {
      starts: "const root = await navigator.storage",
      inPage: true,
    },
    {
      starts: "const { step, tree, metrics",
      before: `import * as training from "pytree2safetensors/training";
const manager = await training.CheckpointManager.open("runs/7", { keep: { best: { metric: "loss", mode: "min" } } });
const init = () => ({ w: new Float32Array(2) });
await manager.save(1000, init(), { metrics: { loss: 1 } });`,
    },
  ],
  "docs/recipes/bucket.md": [
    { starts: "// Writes this process's part", notRun: IN_A_BUCKET },
    { starts: "// Reads this process's rows", notRun: IN_A_BUCKET },
  ],
  "docs/recipes/hub.md": [
    {
      starts: 'import { openSafetensors } from "pytree2safetensors";',
      before: "declare const token: string;",
      notRun:
        "it needs the hub; the tests of src/io/stores/hub read from a server that answers as the hub does",
    },
    { starts: "// Uploads a tree", notRun: ON_THE_HUB },
    { starts: "// Changes one tensor", notRun: ON_THE_HUB },
  ],
  "docs/recipes/from-tensorflow-js.md": [
    {
      starts: 'import * as tf from "@tensorflow/tfjs";\nimport { savePytree }',
      before: `${TFJS}
import { writeFileSync } from "node:fs";
const old = tfjs.sequential({ layers: [tfjs.layers.dense({ units: 1, inputShape: [2] })] });
await old.save(tfjs.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
  const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
  writeFileSync("model.json", JSON.stringify({ modelTopology, weightsManifest }));
  writeFileSync("weights.bin", new Uint8Array(weightData as ArrayBuffer));
  return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
}));`,
    },
    {
      starts: 'import * as tf from "@tensorflow/tfjs";\nimport { loadPytree }',
      before: `${TFJS}
const layer = tfjs.layers.dense({ units: 1, inputShape: [2], name: "dense" });
const createModel = () => tfjs.sequential({ layers: [layer] });
await p2sTf.savePytree(
  Object.fromEntries(createModel().weights.map((weight) => [weight.name, weight])), "model.safetensors");`,
    },
  ],
  "docs/recipes/python-to-browser.md": [
    {
      starts: "import { defaultDevice, init, nn",
      inPage: true,
      before: `import { save, Tensor } from "pytree2safetensors";
const weight = (rows: number, columns: number) =>
  new Tensor("F32", [rows, columns], new Float32Array(rows * columns).fill(1));
const bytes = save({
  "layers#0.bias": new Float32Array(4), "layers#0.weight": weight(4, 3),
  "layers#1.bias": new Float32Array(2), "layers#1.weight": weight(2, 4),
});
await fetch("/model.safetensors", { method: "PUT", body: new Blob([new Uint8Array(bytes)]) });`,
    },
    {
      starts: 'import { openSafetensors } from "pytree2safetensors";',
      inPage: true,
      before: `import { save } from "pytree2safetensors";
${JAX}
const bytes = new Uint8Array(save({ w: new Float32Array(2) }));
await fetch("/model.safetensors", { method: "PUT", body: new Blob([bytes]) });
const model = { w: jax.numpy.zeros([2]) };`,
    },
  ],
  "docs/recipes/training-in-a-page.md": [
    { starts: "import type { numpy as np }", inPage: true, before: IN_PAGE },
    { starts: "import { CheckpointManager }", inPage: true, before: `${IN_PAGE}\ntype State = PageState;` },
    {
      starts: "import { serialize }",
      inPage: true,
      before: `${IN_PAGE}\nconst state = { params: initParams(), step: 0 };`,
    },
  ],
  "src/adapters/jax-js.ts": [
    {
      starts: "import { loadPytree",
      before: `${JAX}\nawait p2sJax.savePytree({ w: jax.numpy.zeros([2]) }, "params.safetensors");`,
    },
  ],
  "src/adapters/tfjs.ts": [
    {
      starts: "import { loadPytree",
      before: 'import * as tf from "@tensorflow/tfjs"; await tf.setBackend("cpu");',
    },
  ],
  "src/base/errors.ts": [{ starts: "try {", before: MODEL }],
  "src/checkpoint/file.ts": [
    { starts: 'const file = await openSafetensors("model', before: MODEL },
    ...["for await (const [name", "const rows =", "for await (const piece"].map((starts) => ({
      starts,
      before: `${MODEL}
import { createHash } from "node:crypto";
const [file, hash] = [await p2s.openSafetensors("model.safetensors"), createHash("sha256")];`,
    })),
  ],
  "src/checkpoint/lazy.ts": [{ starts: "interface Model", before: MODEL }],
  "src/checkpoint/load-file.ts": [{ starts: "const tensors", before: MODEL }],
  "src/checkpoint/load-into-pytree.ts": [{ starts: "const model", before: TEMPLATE }],
  "src/checkpoint/load-pytree.ts": [
    { starts: "const state", before: `${MODEL}\nawait p2s.savePytree({ step: 1 }, "state.safetensors");` },
  ],
  "src/checkpoint/load.ts": [
    {
      starts: "const response",
      inPage: true,
      before: `${ROOT}
const bytes = new Uint8Array(p2s.save({ "layers#0@w": new Float32Array(2) }));
await fetch("/model.safetensors", { method: "PUT", body: new Blob([bytes]) });`,
    },
  ],
  "src/checkpoint/open.ts": [{ starts: "const file", before: MODEL }],
  "src/checkpoint/set-weights.ts": [
    {
      starts: "const bytes",
      before: `${TEMPLATE}\nimport { readFile } from "node:fs/promises";`,
    },
  ],
  "src/format/slice-parse.ts": [
    {
      starts: "parseSlice(",
      before: `${MODEL}\nconst file = await p2s.openSafetensors("model.safetensors");`,
    },
  ],
  "src/io/cached.ts": [
    { starts: 'const source = await cached("https', before: MODEL },
    { starts: 'const store = await cachedStore("hf', notRun: "it needs the hub" },
  ],
  "src/io/types.ts": [
    {
      starts: "const bytes",
      before: `${ROOT}\nconst downloadSomehow = async () => p2s.save({ w: new Float32Array(2) });`,
    },
  ],
  "src/s3.ts": [
    {
      starts: "import { fromIni }",
      before: `import { loadPytree, savePytree } from "pytree2safetensors";
import { registerS3, s3Store } from "pytree2safetensors/s3";`,
      notRun: "it needs a bucket and the AWS SDK",
    },
  ],
  "src/tensor/cast-stream.ts": [
    {
      starts: "const target",
      before: `import type { Dtype, Tensor as Target } from "pytree2safetensors";
declare class CastStream { constructor(from: Dtype, target: Target); push(bytes: Uint8Array): void }
declare const firstHalf: Uint8Array, secondHalf: Uint8Array;`,
      notRun: "the class isn't public; test/tensor/cast-stream.test.ts uses it",
    },
  ],
  "src/training/manager.ts": [
    {
      starts: 'const manager = await CheckpointManager.open("runs/7", { saveEvery: 100',
      before: "const [train, state] = [(_: unknown) => 1, { w: new Float32Array(2) }];",
    },
    {
      starts: "const { step, tree }",
      before: `import * as training from "pytree2safetensors/training";
const initState = () => ({ w: new Float32Array(2) });
const manager = await training.CheckpointManager.open("runs/7");
await manager.save(1, initState());`,
    },
  ],
  "src/training/policy.ts": [
    {
      starts: "const kept",
      before: `import * as training from "pytree2safetensors/training";
const manager = await training.CheckpointManager.open("runs/7");`,
    },
  ],
};
