import { join } from "node:path";
import { defaultDevice, init, type numpy as np, tree as trees } from "@jax-js/jax";
import { openSafetensors } from "pytree2safetensors";
import { loadPytree, savePytree } from "pytree2safetensors/jax-js";
import { Check } from "./check.ts";

/** Doubles the weights of the models that `coming_from_jax.py` wrote, as README.md and the guide tell people to. */
export async function doubleModels(folder: string): Promise<void> {
  const check = new Check("Coming from JAX: loaded, doubled and saved for Python");
  await init("cpu", "wasm");
  defaultDevice("wasm");
  const double = (tree: unknown) => trees.map((weight: np.Array) => weight.mul(2), tree as never);
  const file = (name: string) => join(folder, `${name}.safetensors`);

  const equinoxFile = await openSafetensors(file("equinox"));
  const equinox = await loadPytree<{ layers: unknown[] }>(equinoxFile);
  check.expect(equinox.layers.length === 3, "Equinox: not three layers");
  await savePytree(double(equinox), file("equinox-doubled"), { like: equinoxFile });
  await equinoxFile.close();

  const nnx = await loadPytree<{ linear: object }>(file("nnx"));
  check.expect(Object.keys(nnx.linear).join() === "bias,kernel", "NNX: other keys");
  await savePytree(double(nnx), file("nnx-doubled"));

  const list = await loadPytree<{ layers: unknown[] }>(file("nnx-list"), { keys: "dotted" });
  check.expect(Array.isArray(list.layers) && list.layers.length === 2, "NNX: no list of two layers");
  await savePytree(double(list), file("nnx-list-doubled"), { keys: "dotted" });
  check.count("models", 3);
  check.close();
}
