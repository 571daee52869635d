/*
 * Saves generation 2 of the tests' tree to the target, as another user if told, and prints what became of it. Run by
 * faults-disk.test.ts: limits and lost permissions are for whole processes.
 */
import { isPytree2SafetensorsError, savePytree } from "../../src/index.node.ts";
import { treeOf } from "../reliability/death/generation.ts";

const [target, maxShardSize = "", user = ""] = process.argv.slice(2);
if (user !== "") process.setuid?.(Number(user));
try {
  await savePytree(treeOf(2), target!, maxShardSize === "" ? {} : { maxShardSize });
  console.log("saved");
} catch (error) {
  if (!isPytree2SafetensorsError(error)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
