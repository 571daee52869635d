import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultDevice, init, type numpy as np, tree as trees } from "@jax-js/jax";
import { loadFile, openSafetensors, savePytree, Tensor } from "pytree2safetensors";
import * as jaxJs from "pytree2safetensors/jax-js";
import { Check } from "./check.ts";

/**
 * Saves Python's Equinox model from a tree of plain objects, for Python to run: written as attributes, with the
 * key kinds of Python's own file, and with those of a list of names.
 */
export async function saveModels(original: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const check = new Check("Equinox model from a tree of plain objects: Python's bytes");
  const dict = await loadFile(original);
  const layers: Record<string, Tensor>[] = [];
  for (let i = 0; Object.hasOwn(dict, `layers#${i}.weight`); i++) {
    layers.push({ weight: dict[`layers#${i}.weight`]!, bias: dict[`layers#${i}.bias`]! });
  }
  const names = Object.keys(dict);
  for (const [name, options] of Object.entries({
    attrs: { objects: "attrs" },
    like: { like: await openSafetensors(original) },
    names: { like: names },
  } as const)) {
    const path = join(folder, `model-${name}.safetensors`);
    await savePytree({ layers }, path, options);
    check.expect(readFileSync(path).equals(readFileSync(original)), `${name}: other bytes`);
    check.count("files");
  }
  check.close();
}

/** Takes Python's Equinox model through jax-js: loads it, doubles every weight, saves it back for Python. */
export async function doubleModel(original: string, folder: string): Promise<void> {
  const check = new Check("Python → jax-js: Equinox model loaded, doubled and saved with like");
  await init("cpu", "wasm");
  defaultDevice("wasm");
  const model = await jaxJs.loadPytree(original);
  const doubled = trees.map((weight: np.Array) => weight.mul(2), model as never);
  const path = join(folder, "model-doubled.safetensors");
  await jaxJs.savePytree(doubled, path, { like: await openSafetensors(original) });
  const [before, after] = [await loadFile(original), await loadFile(path)];
  check.expect(String(Object.keys(after)) === String(Object.keys(before)), "other names");
  for (const [name, tensor] of Object.entries(before)) {
    const twice = Float32Array.from(tensor.data as Float32Array, (value) => value * 2);
    check.expect(
      after[name]?.equals(new Tensor("F32", tensor.shape, twice)) === true,
      `${name} is not doubled`,
    );
    check.count("tensors");
  }
  check.close();
}
