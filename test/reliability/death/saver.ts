/*
 * Saves one generation of a tree after the other and says of each when it is saved, until it is killed:
 *
 *     node saver.js TARGET FIRST_GENERATION file|shards flush|quick [SMALLER]
 */
import { writeSync } from "node:fs";
import { savePytree } from "../../../src/index.node.ts";
import { SHARD_BYTES, treeOf } from "./generation.ts";

const [target, first, kind, flush, times = "1"] = process.argv.slice(2);
const smaller = Number(times);
const options = {
  flush: flush === "flush",
  ...(kind === "shards" && { maxShardSize: SHARD_BYTES / smaller }),
};
for (let generation = Number(first); ; generation++) {
  await savePytree(treeOf(generation, smaller), target!, options);
  // Not `console.log`, which a kill can leave in a buffer.
  writeSync(1, `${generation}\n`);
}
