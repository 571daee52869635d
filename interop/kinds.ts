import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadFile, loadIntoPytree, loadPytree, pytree2dict, savePytree, Tensor } from "pytree2safetensors";
import { Check } from "./check.ts";
import { buildTree, type DescribedTree, dictDifference, difference, tensorOf } from "./description.ts";

/** Reads what Python saved of each kind of tree: every loader sees the very trees and bits. */
export async function loadKinds(folder: string): Promise<void> {
  const check = new Check(
    "Python → JavaScript, kinds of trees: loadFile, loadPytree, loadIntoPytree, pytree2dict",
  );
  for (const { name, described } of descriptions(folder)) {
    const path = join(folder, `${name}.safetensors`);
    const leaves = described.leaves.map(tensorOf);
    const keys = described.leaves.map(({ key }) => key);
    const say = (what: string, fault: string | undefined) => fault && `${name}: ${what}: ${fault}`;
    check.fault(say("loadFile", dictDifference(await loadFile(path), described.leaves)));
    if ("tree" in described.loaded) {
      check.fault(say("loadPytree", difference(await loadPytree(path), described.loaded.tree, leaves)));
    } else {
      check.expect(keys.length === 1 && keys[0] === "", `${name}: Python fails: ${described.loaded.error}`);
      check.fault(say("loadPytree", difference(await loadPytree(path), 0, leaves)));
    }
    const zeros = leaves.map(({ dtype, shape, byteLength }) =>
      Tensor.fromBytes(dtype, shape, new Uint8Array(byteLength)),
    );
    const filled = await loadIntoPytree(buildTree(described.tree, zeros), path, { strict: true });
    check.fault(say("loadIntoPytree", difference(filled, described.tree, leaves)));
    const found = Object.keys(pytree2dict(buildTree(described.tree, leaves)));
    check.expect(String(found.sort()) === String(keys.sort()), `${name}: pytree2dict has other keys`);
    check.count("files");
    check.count("tensors", keys.length);
  }
  check.close();
}

/** Saves each kind of tree from JavaScript objects, for Python to read. */
export async function saveKinds(folder: string, target: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  for (const { name, described } of descriptions(folder)) {
    const tree = buildTree(described.tree, described.leaves.map(tensorOf));
    await savePytree(tree, join(target, `${name}.safetensors`));
  }
}

function descriptions(folder: string): { name: string; described: DescribedTree }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({
      name: file.slice(0, -".json".length),
      described: JSON.parse(readFileSync(join(folder, file), "utf8")),
    }));
}
