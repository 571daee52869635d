// Runs a model that was saved in Python, changes it, and saves it so that Python can load it again.
//
//     npx tsx examples/python-to-js.ts [MODEL] [OUTPUT]
//
// In Python, the model came from:
//
//     model = eqx.nn.MLP(in_size=3, out_size=2, width_size=4, depth=2, key=jax.random.key(20))
//     save_pytree(eqx.filter(model, eqx.is_array), "equinox-weights.safetensors")
import { defaultDevice, init, nn, numpy as np, tree } from "@jax-js/jax";
import { openSafetensors } from "pytree2safetensors";
import { loadPytree, savePytree } from "pytree2safetensors/jax-js";

interface Model {
  layers: { weight: np.Array; bias: np.Array }[];
}

/** The network of `eqx.nn.MLP`. jax-js functions consume their arguments; `ref` keeps the weights for the next call. */
function predict({ layers }: Model, input: np.Array): np.Array {
  return layers.reduce((x, { weight, bias }, i) => {
    const y = np.dot(weight.ref, x).add(bias.ref);
    return i < layers.length - 1 ? nn.relu(y) : y;
  }, input);
}

const [source = "test/fixtures/python/equinox-weights.safetensors", output = "scaled.safetensors"] =
  process.argv.slice(2);
await init("cpu", "wasm");
defaultDevice("wasm");

const file = await openSafetensors(source);
const model = await loadPytree<Model>(file);
console.log("layers:", model.layers.map(({ weight }) => weight.shape.join("×")).join(", "));
console.log("output:", predict(model, np.array([1, 2, 3])).js());

// `like` writes the keys as Python's attributes and list indices, as they are in the file that it came from.
const scaled = tree.map((weight: np.Array) => weight.mul(0.5), model as never);
await savePytree(scaled, output, { like: file });
await file.close();
console.log(`saved ${output}; in Python: model = load_into_pytree(model, "${output}")`);
