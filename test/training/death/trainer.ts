/*
 * Saves one step after the other through a manager and says which are on the disk, until it is killed:
 *
 *     node trainer.js FOLDER FIRST file|shards steps|replace
 *
 * With `replace`, it replaces step 1 again and again, and FIRST is the number that its tree tells.
 */
import { writeSync } from "node:fs";
import { CheckpointManager } from "../../../src/training/index.node.ts";
import { SHARD_BYTES, SMALL, treeOf } from "../../reliability/death/generation.ts";
import { KEEP, metricsOf, UNSAID } from "./rules.ts";

const [folder, first, form, mode] = process.argv.slice(2);
// Not `console.log`, which a kill can leave in a buffer.
writeSync(1, "up\n");
const manager = await CheckpointManager.open(folder!, {
  keep: KEEP,
  ...(form === "shards" && { maxShardSize: SHARD_BYTES / SMALL }),
});
for (let number = Number(first); ; number++) {
  const step = mode === "replace" ? 1 : number;
  await manager.save(step, treeOf(number, SMALL), { metrics: metricsOf(number), force: mode === "replace" });
  if (mode === "steps" && number % UNSAID !== 0) continue;
  await manager.wait();
  writeSync(1, `${number}\n`);
}
