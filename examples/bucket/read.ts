// Reads this process's rows of every tensor of a checkpoint:
// `read.ts RANK COUNT s3://bucket/folder`.
import { openSafetensors } from "pytree2safetensors";
import { registerS3 } from "pytree2safetensors/s3";

const [rank, count] = process.argv.slice(2, 4).map(Number) as [number, number];
registerS3();

const file = await openSafetensors(`${process.argv[4]}/model.safetensors.index.json`);
for (const name of file.names) {
  const rows = file.info(name).shape[0]! / count;
  const part = await file.slice(name, [[rank * rows, (rank + 1) * rows]]);
  console.log(name, part.shape.join("x"), part.data[0]);
}
await file.close();
