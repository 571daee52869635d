/*
 * Saves one step after the other through a manager and says which are on the disk, until it is killed:
 *
 *     node trainer.js FOLDER FIRSTS file|shards steps|replace
 *
 * It does so in as many folders at once as FIRSTS has numbers, the first step of each. With `replace`, it replaces step 1
 * again and again, and the numbers are those that its trees tell.
 */
import { writeSync } from "node:fs";
import { CheckpointManager } from "../../../src/training/index.node.ts";
import { SHARD_BYTES, SMALL, treeOf } from "../../reliability/death/generation.ts";
import { folderOf, KEEP, metricsOf, UNSAID } from "./rules.ts";

const [parent, firsts, form, mode] = process.argv.slice(2);
// Not `console.log`, which a kill can leave in a buffer.
writeSync(1, "up\n");

async function train(index: number, first: number): Promise<void> {
  const manager = await CheckpointManager.open(folderOf(parent!, index), {
    keep: KEEP,
    ...(form === "shards" && { maxShardSize: SHARD_BYTES / SMALL }),
  });
  for (let number = first; ; number++) {
    const step = mode === "replace" ? 1 : number;
    const options = { metrics: metricsOf(number), force: mode === "replace" };
    await manager.save(step, treeOf(number, SMALL), options);
    if (mode === "steps" && number % UNSAID !== 0) continue;
    await manager.wait();
    writeSync(1, `${index} ${number}\n`);
  }
}

await Promise.all(firsts!.split(",").map((first, index) => train(index, Number(first))));
