// What bundles for servers do besides: paths.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPytree, savePytree } from "pytree2safetensors";

/** The same text wherever it runs. */
export async function files() {
  const folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-bundle-"));
  try {
    await savePytree({ a: [new Float32Array([1, 2])] }, join(folder, "state.safetensors"));
    await savePytree({ a: [new Float32Array([1, 2])] }, join(folder, "shards"), { maxShardSize: 4 });
    const { a } = await loadPytree(join(folder, "state.safetensors"));
    const sharded = await loadPytree(join(folder, "shards", "model.safetensors.index.json"));
    return JSON.stringify([a[0].toArray(), sharded.a[0].toArray()]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
