import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  dict2pytree,
  isPytree2SafetensorsError,
  loadPytree,
  pytree2dict,
  registerDataclass,
  savePytree,
  type Tensor,
} from "pytree2safetensors";
import { Check } from "./check.ts";
import { buildTree, type DescribedTree, difference, tensorOf } from "./description.ts";
import { MemorySink } from "./memory-sink.ts";

/** A described tree of `random_trees.py`, and the keys of Python's `pytree2dict`. */
interface RandomTree extends DescribedTree {
  readonly keys: readonly string[];
}

// Python's named tuples. They have no name in files, so they come back as PyTreeContainers, as in Python.
class Pair {
  first: unknown;
  second: unknown;
}
class Single {
  only: unknown;
}
class State {
  count: unknown;
  mu: unknown;
  nu: unknown;
}
const NAMED = new Map<string, new () => object>(Object.entries({ Pair, Single, State }));

// List indices that Python's int() takes or fails on, and that we refuse: "#-1", "#01", "#x", "#".
const ODD_INDEX = /#(?!(0|[1-9]\d*)([.@#]|$))/;

const ENOUGH = 2000;

/** The checks of every random tree, in one pass over the descriptions. */
export async function checkRandomTrees(folder: string): Promise<void> {
  registerDataclass(Pair, { dataFields: ["first", "second"] });
  registerDataclass(Single, { dataFields: ["only"] });
  registerDataclass(State, { dataFields: ["count", "mu", "nu"] });
  const checks = {
    keys: new Check("random trees: pytree2dict has Python's keys and the very leaves"),
    trees: new Check("random trees: dict2pytree gives Python's trees"),
    never: new Check('random trees: bytes are Python\'s under structure "never"'),
    auto: new Check(
      'random trees: structure "auto" adds to Python\'s bytes only where something would be lost',
    ),
  };
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(join(folder, "trees.jsonl")) })) {
    await checkTree(`tree ${number}`, JSON.parse(line), join(folder, `${number}.safetensors`), checks);
    number++;
  }
  const { never } = checks;
  never.expect(never.counted("files equal") >= ENOUGH, `fewer than ${ENOUGH} files compared`);
  for (const check of Object.values(checks)) check.close();
}

async function checkTree(
  name: string,
  described: RandomTree,
  path: string,
  checks: Readonly<Record<"keys" | "trees" | "never" | "auto", Check>>,
): Promise<void> {
  const { keys, trees, never, auto } = checks;
  const leaves = described.leaves.map(tensorOf);
  const tree = buildTree(described.tree, leaves, (className, attributes) => {
    const Class = NAMED.get(className);
    return Class && Object.assign(new Class(), attributes);
  });

  const leadingEmpty = hasLeadingEmpty(described.tree);

  if (described.keys.length < leaves.length) {
    // In Python the later leaf silently wins.
    const codes = leadingEmpty ? ["DuplicateKey", "UnsupportedKey"] : ["DuplicateKey"];
    keys.fault(await expectCode(name, () => pytree2dict(tree), codes));
    for (const structure of ["never", "auto"] as const) {
      never.fault(await expectCode(name, () => saved(tree, structure), codes));
    }
    keys.count("duplicate keys refused");
    never.count("duplicate keys refused");
    return;
  }

  if (leadingEmpty) {
    // The key string reads as another path, so only structure metadata can carry it.
    keys.fault(await expectCode(name, () => pytree2dict(tree), ["UnsupportedKey"]));
    never.fault(await expectCode(name, () => saved(tree, "never"), ["UnsupportedKey"]));
    keys.count("leading empty attributes refused");
    never.count("leading empty attributes refused");
    await checkBuilt(name, described, leaves, trees);
    if (described.keys.includes("__metadata__")) return; // refused for its own reason
    await checkAutomatic(name, described, tree, leaves, undefined, auto);
    return;
  }

  const dict = pytree2dict(tree);
  const found = Object.keys(dict);
  keys.expect(
    found.length === described.keys.length && described.keys.every((key) => Object.hasOwn(dict, key)),
    `${name}: keys ${JSON.stringify(found)}, Python has ${JSON.stringify(described.keys)}`,
  );
  keys.expect(
    described.leaves.every(({ key }, i) => typeof dict[key] !== "object" || dict[key] === leaves[i]),
    `${name}: other leaves under its keys`,
  );
  keys.count("trees");
  keys.count("keys", found.length);

  await checkBuilt(name, described, leaves, trees);

  if (described.keys.includes("__metadata__")) {
    // Python writes a file that nobody can read.
    never.fault(await expectCode(name, () => saved(tree, "never"), ["InvalidName"]));
    never.count('leaves named "__metadata__" refused');
    return;
  }

  const expected = readFileSync(path);
  const bytes = await saved(tree, "never").catch((error: unknown) => `${error}`);
  never.expect(
    typeof bytes !== "string" && expected.equals(bytes),
    `${name}: ${typeof bytes === "string" ? bytes : "other bytes"}`,
  );
  never.count("files equal");

  await checkAutomatic(name, described, tree, leaves, expected, auto);
}

/** Under "auto" the tree comes back equal, and where Python's own file suffices it is that file. */
async function checkAutomatic(
  name: string,
  described: RandomTree,
  tree: unknown,
  leaves: readonly Tensor[],
  expected: Buffer | undefined,
  auto: Check,
): Promise<void> {
  try {
    const bytes = await saved(tree, "auto");
    if (described.comesBack) {
      auto.expect(expected?.equals(bytes) === true, `${name}: other bytes`);
      auto.count("files equal");
    }
    // Said to be meant: some random names look like PyTorch's, which is worth a warning.
    const loaded = await loadPytree(bytes, { onWarning: fail, keys: "pytree" });
    auto.fault(prefixed(name, difference(loaded, described.tree, leaves)));
    auto.count("trees came back equal");
  } catch (error) {
    auto.fault(`${name}: ${error}`);
  }
}

/** Our `dict2pytree` against Python's; where Python drops leaves or takes odd indices, we refuse. */
async function checkBuilt(
  name: string,
  described: RandomTree,
  leaves: readonly Tensor[],
  trees: Check,
): Promise<void> {
  const names = described.leaves.map(({ key }) => key);
  const build = () => dict2pytree(Object.fromEntries(names.map((key, i) => [key, leaves[i]])));
  const odd = names.some((key) => ODD_INDEX.test(key));
  if (odd) {
    trees.fault(await expectCode(name, build, ["InvalidKeyString", "KeyConflict"]));
    trees.count("odd indices refused");
  } else if ("error" in described.loaded && names.length === 1 && names[0] === "") {
    trees.expect(build() === leaves[0], `${name}: not the leaf`);
    trees.count("bare leaves (Python fails)");
  } else if ("error" in described.loaded || countLeaves(described.loaded.tree) < names.length) {
    trees.fault(await expectCode(name, build, ["KeyConflict"]));
    trees.count("conflicts refused (Python fails or drops leaves)");
  } else {
    try {
      trees.fault(prefixed(name, difference(build(), described.loaded.tree, leaves)));
    } catch (error) {
      trees.fault(`${name}: ${error}`);
    }
    trees.count("trees equal");
  }
}

function hasLeadingEmpty(tree: DescribedTree["tree"]): boolean {
  if (tree === null || typeof tree !== "object" || !("attrs" in tree)) return false;
  return tree.attrs.some(([name, child]) => name === "" && countLeaves(child) > 0);
}

function countLeaves(node: DescribedTree["tree"]): number {
  if (node === null) return 0;
  if (typeof node === "number") return 1;
  const [value] = Object.values(node);
  if (!Array.isArray(value)) return 1;
  const children = "dict" in node || "attrs" in node ? value.map(([, child]) => child) : value;
  return children.reduce((sum, child) => sum + countLeaves(child), 0);
}

async function saved(tree: unknown, structure: "never" | "auto"): Promise<Uint8Array> {
  const sink = new MemorySink();
  await savePytree(tree, sink, { structure });
  return sink.bytes;
}

async function expectCode(
  name: string,
  run: () => unknown,
  codes: readonly string[],
): Promise<string | undefined> {
  try {
    await run();
  } catch (error) {
    return wrongCode(name, error, codes);
  }
  return `${name}: no ${codes.join(" or ")} error`;
}

function wrongCode(name: string, error: unknown, codes: readonly string[]): string | undefined {
  if (isPytree2SafetensorsError(error) && codes.includes(error.code)) return undefined;
  return `${name}: expected ${codes.join(" or ")}, found ${error}`;
}

function prefixed(name: string, fault: string | undefined): string | undefined {
  return fault && `${name}: ${fault}`;
}

function fail(error: Error): never {
  throw error;
}
