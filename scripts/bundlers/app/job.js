// What every bundle does: trees and dicts, through blobs, streams and memory.
import { load, loadPytree, openSafetensors, save, savePytree, serialize, Tensor } from "pytree2safetensors";

/** The same text wherever it runs. */
export async function job() {
  const w = Tensor.from([
    [1, 2],
    [3, 4],
  ]);
  const tree = {
    layers: [{ w, b: new Float32Array([0.5]) }],
    step: 10,
    ema: null,
    seeds: new Map([[1n, 7]]),
  };
  const blob = await (await serialize(tree)).blob();
  const loaded = await loadPytree(blob);
  const chunks = [];
  const stream = new WritableStream({
    write(chunk) {
      chunks.push(chunk);
    },
  });
  await savePytree(loaded, stream);
  const bytes = new Uint8Array(await new Blob(chunks).arrayBuffer());
  const tensors = load(bytes);
  const file = await openSafetensors(bytes);
  const row = await file.slice("@layers#0@w", "1");
  const error = await loadPytree(bytes.subarray(0, 20)).catch((reason) => reason.code);
  return JSON.stringify({
    sizes: [blob.size, bytes.length, save(tensors).length],
    names: file.names,
    seeds: [...loaded.seeds.keys()].map(String),
    rest: [loaded.step, loaded.ema, loaded.layers[0].w.cast("BF16").toArray(), row.toArray(), error],
  });
}
