import { loadPytree, openSafetensors, savePytree, Tensor } from "pytree2safetensors";

const state = {
  layers: [
    {
      weight: Tensor.from([
        [0.5, -1],
        [2, 0.25],
      ]),
      bias: new Float32Array([0, 1]),
    },
    { weight: Tensor.from([[1, 3]]), bias: new Float32Array([-0.5]) },
  ],
  step: 100,
  schedule: "cosine",
  ema: null,
};
await savePytree(state, "state.safetensors");

// The whole tree comes back, numbers, strings and null too.
const loaded = await loadPytree<typeof state>("state.safetensors");
console.log(loaded.step, loaded.schedule, loaded.ema);
console.log(loaded.layers.map((layer) => layer.weight.toArray()));

// Or one tensor of it: the rest of the file is never read.
const file = await openSafetensors("state.safetensors");
console.log(file.names);
console.log(await file.tensor("@layers#1@bias"));
await file.close();
