/*
 * Saves a step into a folder, as another user if told, and prints what became of it. Run by faults.test.ts: limits and
 * lost permissions are for whole processes.
 */
import { isPytree2SafetensorsError } from "../../src/index.node.ts";
import { CheckpointManager } from "../../src/training/index.node.ts";
import { treeOf } from "../reliability/death/generation.ts";

const [folder, maxShardSize = "", user = ""] = process.argv.slice(2);
if (user !== "") process.setuid?.(Number(user));
try {
  const manager = await CheckpointManager.open(
    folder!,
    maxShardSize === "" ? {} : { maxShardSize: Number(maxShardSize) },
  );
  await manager.save(1, treeOf(1));
  await manager.close();
  console.log("saved");
} catch (error) {
  if (!isPytree2SafetensorsError(error)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
