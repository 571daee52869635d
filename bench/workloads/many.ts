import { readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { loadFile, loadPytree, openSafetensors, saveFile, savePytree, Tensor } from "pytree2safetensors";
import { inChild } from "../child.ts";
import { type Contestant, contest } from "../contest.ts";
import { bareMany, bareNames } from "../contestants/bare-many.ts";
import { jaxJsLoad, safetensorsLoad } from "../contestants/loaders.ts";
import { bareRead, bareWrite } from "../contestants/raw.ts";
import { filledMemory } from "../models.ts";
import type { Comparison, Fact } from "../report-types.ts";
import { count, mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const JAX_JS = "`readFile` + `@jax-js/loaders` parse";
const NPM = "`readFile` + `safetensors` (npm)";
const BARE_DICT = "`JSON.parse`, one object a tensor, one dict";
const BARE_NAMES = "`JSON.parse`, one dict of the names";
const WHY =
  "Many small tensors: two bare programs of the same run show what V8 itself takes: `JSON.parse` of the header and one dict of its names, and the same with an object for each tensor. Neither checks anything: no shape against its bytes, no names that occur twice, no holes. Half of what is left is the one dict, into which V8 puts each name as a string of its own kind.";
const WHY_TREE =
  "A tree costs more than a dict: `loadPytree` also takes each name apart, looks for conflicts and gaps before it reads data, and puts each tensor into its container. It is about as fast as the bare program with an object for each tensor, which does none of this.";
const NUMPY = "Python `safetensors.numpy`";
const BARE_READ = "bare read of the file";
const BARE_WRITE = "bare write of the file";

export const many: Workload = {
  name: "many",
  async run(context) {
    const python = await context.python();
    const comparisons: Comparison[] = [];
    const facts: Fact[] = [];
    const sizes = context.quick ? [50_000] : [50_000, 500_000, 1_000_000];
    for (const size of sizes) {
      context.log(`many: ${count(size)} small tensors`);
      const path = join(context.folder, "many.safetensors");
      const target = join(context.folder, "many-saved.safetensors");
      const dict = smallTensors(size);
      await saveFile(dict, path, { flush: false });
      const whole = new Uint8Array(await readFile(path));
      const remove = () => unlink(target);
      const contestants: Contestant[] = [
        { name: "loadFile", run: () => loadFile(path) },
        { name: JAX_JS, run: () => jaxJsLoad(path) },
        { name: NPM, run: () => safetensorsLoad(path) },
        { name: BARE_DICT, run: () => bareMany(path) },
        { name: BARE_NAMES, run: () => bareNames(path) },
        { name: BARE_READ, run: () => bareRead(path, 4) },
        { name: "tree", run: () => loadPytree(path) },
        { name: "saveFile", run: () => saveFile(dict, target, { flush: false }), after: remove },
        { name: BARE_WRITE, run: () => bareWrite(target, [whole], false), after: remove },
        { name: "lazy", run: () => loadPytree(path, { lazy: true }), after: closeLazy },
      ];
      if (python && size <= 500_000) {
        contestants.push({ name: NUMPY, run: () => {}, seconds: () => python.seconds("load_numpy", path) });
      }
      const results = await contest(contestants, context.rounds(size / 100_000));
      const what = `${count(size)} tensors of 32 bytes`;
      const others = [
        JAX_JS,
        NPM,
        BARE_DICT,
        BARE_NAMES,
        ...(results.seconds.has(NUMPY) ? [NUMPY] : []),
        BARE_READ,
      ];
      for (const against of others) {
        comparisons.push({
          what: `${what}: \`loadFile\``,
          against,
          ours: results.time("loadFile"),
          speed: results.speed("loadFile", against),
          why: WHY,
        });
      }
      comparisons.push({
        what: `${what}: \`loadPytree\``,
        against: "`loadFile`",
        ours: results.time("tree"),
        speed: results.speed("tree", "loadFile"),
        reach: 1 / 1.3,
        why: WHY_TREE,
      });
      comparisons.push({
        what: `${what}: \`loadPytree\``,
        against: BARE_DICT,
        ours: results.time("tree"),
        speed: results.speed("tree", BARE_DICT),
      });
      comparisons.push(
        {
          what: `${what}: \`loadPytree\`, lazy`,
          against: JAX_JS,
          ours: results.time("lazy"),
          speed: results.speed("lazy", JAX_JS),
        },
        {
          what: `${what}: \`saveFile\``,
          against: BARE_WRITE,
          ours: results.time("saveFile"),
          speed: results.speed("saveFile", BARE_WRITE),
        },
      );
      if (size === 1_000_000) facts.push(...(await million(path, target)));
      await unlink(path);
    }
    return {
      title: "Many small tensors",
      intro:
        "Files of F32 tensors of 8 elements, in the page cache: what counts is the cost of a tensor, not of its bytes.",
      comparisons,
      facts,
    };
  },
};

async function closeLazy(tree: unknown): Promise<void> {
  const [leaf] = Object.values(tree as Record<string, { file: { close(): Promise<void> } }>);
  await leaf!.file.close();
}

/** A million tensors: that they open, load lazily and save, and what memory that takes. */
async function million(path: string, target: string): Promise<Fact[]> {
  const file = await openSafetensors(path);
  const tensor = await file.tensor("t999999");
  const names = file.names.length;
  await file.close();
  const tree = await loadPytree(path, { lazy: true });
  await savePytree(tree, target, { flush: false, structure: "never" });
  await closeLazy(tree);
  const same = Buffer.compare(await readFile(path), await readFile(target)) === 0;
  await unlink(target);
  const cost = await inChild("openOne", path, "t999999");
  return [
    {
      what: "a file of 1,000,000 tensors opens, gives one, loads lazily and saves again",
      got: `${count(names)} names, ${tensor}, ${same ? "the same bytes" : "OTHER BYTES"}`,
      reach: "works",
      ok: same && names === 1_000_000,
    },
    { what: "peak memory, opening it and reading one tensor", got: mebibytes(cost.peakBytes) },
  ];
}

function smallTensors(size: number): Record<string, Tensor> {
  const memory = filledMemory(size * 32);
  const dict: Record<string, Tensor> = {};
  for (let i = 0; i < size; i++) dict[`t${i}`] = Tensor.fromBuffer("F32", [8], memory, i * 32, 32);
  return dict;
}
