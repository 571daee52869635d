// Compiles a program that uses the packed package with every TypeScript that is supported: `npm run test:typescript`.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { run } from "./bundlers/run.ts";
import { makeConsumer } from "./runtimes/consumer.ts";
import { npm, root } from "./runtimes/npm.ts";

const VERSIONS = ["5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "5.8", "5.9"] as const;

const PROGRAM = `
import { numpy as np } from "@jax-js/jax";
import { load, loadFile, loadPytree, openSafetensors, type PyTree, save, savePytree, setWeights, Tensor } from "pytree2safetensors";
import * as jax from "pytree2safetensors/jax-js";
import { s3Store } from "pytree2safetensors/s3";
import { CheckpointManager } from "pytree2safetensors/training";

export async function keep(state: { w: np.Array }): Promise<np.Array> {
  const store = s3Store({ bucket: "weights", credentials: { accessKeyId: "a", secretAccessKey: "b" } });
  const manager: CheckpointManager = await CheckpointManager.open(store, { keep: { last: 3 } });
  await manager.close();
  const own: jax.CheckpointManager = await jax.CheckpointManager.open(store, { saveEvery: 100 });
  await own.save(1, state, { metrics: { loss: 1 } });
  return (await own.restore({ into: state, cached: "cache" })).tree.w;
}

export async function f(file: Blob): Promise<PyTree> {
  const tree = await loadPytree(file);
  await savePytree(tree, new WritableStream<Uint8Array>());
  const bytes: Uint8Array = save({ a: new Float32Array(2) });
  const floats: Float32Array = Tensor.from([1, 2]).toFloat32Array();
  const opened = await openSafetensors(bytes);
  for await (const [name, tensor] of opened.tensors()) console.log(name, tensor.shape, floats);
  const cast: Tensor<"BF16"> = Tensor.from([1]).cast("BF16");
  const arrays: Record<string, np.Array> = jax.load(bytes);
  const lazy = await loadFile(file, { cast: { BF16: "F32" }, select: ["a"] });
  console.log(cast.dtype, arrays, lazy);
  return setWeights(tree, load(bytes));
}
`;

/** A strict project with `skipLibCheck` off, so that the package's own declarations are checked. */
function settings(moduleResolution: "nodenext" | "bundler"): object {
  return {
    compilerOptions: {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      target: "es2022",
      lib: ["es2022", "dom", "dom.iterable"],
      module: moduleResolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution,
      types: [],
      skipLibCheck: false,
      skipDefaultLibCheck: true,
    },
    files: ["consumer.ts"],
  };
}

const { folder, remove } = makeConsumer(["aws4fetch"]);
let failed = 0;
try {
  npm(
    folder,
    "install",
    "--no-package-lock",
    ...VERSIONS.map((version) => `typescript-${version}@npm:typescript@${version}`),
  );
  // After npm, which removes what it has not installed.
  const jax = join(folder, "node_modules/@jax-js/jax");
  mkdirSync(dirname(jax), { recursive: true });
  symlinkSync(join(root, "node_modules/@jax-js/jax"), jax, "junction");
  writeFileSync(join(folder, "consumer.ts"), PROGRAM);
  for (const version of VERSIONS) {
    for (const resolution of ["nodenext", "bundler"] as const) {
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings(resolution)));
      const tsc = join(folder, "node_modules", `typescript-${version}`, "lib/tsc.js");
      const errors = await run(process.execPath, [tsc, "-p", "."], folder).then(
        () => [],
        // Other packages' declarations are their own affair.
        (error: Error) =>
          error.message.split("\n").filter((line) => /^(consumer\.ts|node_modules\/pytree)/.test(line)),
      );
      console.log(`TypeScript ${version}, ${resolution}: ${errors.length === 0 ? "passed" : "failed"}`);
      for (const error of errors) console.log(`  ${error}`);
      if (errors.length > 0) failed++;
    }
  }
} finally {
  remove();
}
console.log(`${VERSIONS.length * 2 - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
