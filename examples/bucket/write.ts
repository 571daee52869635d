// Writes this process's part of a checkpoint: `write.ts RANK COUNT s3://bucket/folder`.
import { openSafetensors, saveFile, Tensor } from "pytree2safetensors";
import { registerS3, s3Store } from "pytree2safetensors/s3";

const [rank, count] = process.argv.slice(2, 4).map(Number) as [number, number];
const folder = process.argv[4]!;
const shard = (of: number) => `model-${of + 1}-of-${count}.safetensors`;

// The keys, the region and the endpoint come from the variables AWS_*.
registerS3();

// Each process has tensors of its own.
const mine: Record<string, Tensor> = {};
for (let layer = rank; layer < 8; layer += count) {
  const values = new Float32Array(1024 * 512).fill(layer);
  mine[`layers#${layer}.w`] = new Tensor("F32", [1024, 512], values);
}
await saveFile(mine, `${folder}/${shard(rank)}`);

// The first process waits until all shards are there: an object appears whole, or not at all.
// Its index comes last and makes them a checkpoint.
if (rank === 0) {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)\/(.*)$/.exec(folder)!;
  const store = s3Store({ bucket: bucket!, prefix: prefix! });
  for (let there = 0; there < count; ) {
    there = 0;
    for await (const { key } of store.list("model-"))
      there += key.endsWith(`-of-${count}.safetensors`) ? 1 : 0;
    if (there < count) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const weightMap: Record<string, string> = {};
  let bytes = 0;
  for (let of = 0; of < count; of++) {
    // Opening reads the header alone.
    const file = await openSafetensors(`${folder}/${shard(of)}`);
    for (const name of file.names) {
      weightMap[name] = shard(of);
      bytes += file.info(name).byteLength;
    }
    await file.close();
  }
  const index = JSON.stringify({ metadata: { total_size: bytes }, weight_map: weightMap });
  const sink = await store.sink("model.safetensors.index.json");
  await sink.write(new TextEncoder().encode(index));
  await sink.close();
}
