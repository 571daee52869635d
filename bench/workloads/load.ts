import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { loadFile, loadPytree, Tensor } from "pytree2safetensors";
import { inChild, inChildren, inChildWith, touchMemory } from "../child.ts";
import { contest } from "../contest.ts";
import { jaxJsLoad, safetensorsLoad } from "../contestants/loaders.ts";
import { bareRead } from "../contestants/raw.ts";
import { misalignedFile, model, writtenFile } from "../files.ts";
import { filledMemory } from "../models.ts";
import type { Comparison, Fact } from "../report-types.ts";
import { spread } from "../statistics.ts";
import { duration, mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const WHY_READ =
  "Loading: a read into fresh memory costs page faults, whether in one read or in four, in pieces of 512 KiB or of 16 MiB. Several reads at once share them among cores. Layers take longer than the bare read for two reasons: the header and the places of 4,800 tensors take 10 to 25 ms before the first byte is read (more while the code is not compiled yet), and V8 collects garbage for new buffers (one buffer would be as fast as four). Eight reads are asked for at once, so that the system has work meanwhile. To be faster, a program needs memory that was touched before, which `into` gives, or huge pages. V8 doesn't ask the kernel for them, but glibc can; see below.";
const WHY_TREE =
  "`loadPytree` beside `loadFile`: the difference is the tree, 4,800 key strings taken apart and put together.";
const OURS = "loadFile";
const TREE = "loadPytree";
const JAX_JS = "`readFile` + `@jax-js/loaders` parse";
const NPM = "`readFile` + `safetensors` (npm)";
const BARE = "bare read, 4 at a time";
const BARE_ONE = "bare read, one after the other";

export const load: Workload = {
  name: "load",
  async run(context) {
    const bytes = context.quick ? 2 ** 26 : 2 ** 30;
    const size = context.quick ? "64 MiB" : "1 GiB";
    const path = join(context.folder, "load.safetensors");
    const comparisons: Comparison[] = [];
    const facts: Fact[] = [];
    for (const kind of ["one tensor", "F32 layers", "BF16 layers", "F32 layers, misaligned"]) {
      context.log(`load: ${size}, ${kind}`);
      await write(kind, path, bytes);
      const isF32 = kind === "one tensor" || kind === "F32 layers";
      await touchMemory(4 * bytes);
      const results = await contest(
        [
          { name: OURS, run: () => loadFile(path) },
          { name: TREE, run: () => loadPytree(path) },
          { name: BARE, run: () => bareRead(path, 4) },
          { name: BARE_ONE, run: () => bareRead(path, 1) },
          ...(isF32 ? [{ name: JAX_JS, run: () => jaxJsLoad(path) }] : []),
          { name: NPM, run: () => safetensorsLoad(path) },
        ],
        context.rounds(bytes / 2 ** 30),
      );
      const ours = results.time(OURS);
      const row = (against: string, why?: string) =>
        comparisons.push({
          what: `${size}, ${kind}: \`${OURS}\``,
          against,
          ours,
          speed: results.speed(OURS, against),
          ...(why !== undefined && { why }),
        });
      if (isF32) row(JAX_JS, WHY_READ);
      else if (kind.startsWith("BF16")) {
        comparisons.push({
          what: `${size}, ${kind}: \`${OURS}\``,
          against: JAX_JS,
          ours,
          speed: "refuses BF16",
        });
      } else {
        comparisons.push({
          what: `${size}, ${kind}: \`${OURS}\``,
          against: JAX_JS,
          ours,
          speed: "refuses misaligned tensors",
        });
      }
      row(NPM);
      row(BARE, WHY_READ);
      row(BARE_ONE);
      comparisons.push({
        what: `${size}, ${kind}: \`${TREE}\``,
        against: `\`${OURS}\``,
        ours: results.time(TREE),
        speed: results.speed(TREE, OURS),
        why: WHY_TREE,
      });
      if (kind === "F32 layers") {
        facts.push(...(await memory(path, bytes, context.quick ? 1 : 3)));
        facts.push(await hugePages(path, size, context.quick ? 1 : 3));
      }
    }
    await unlink(path);
    return {
      title: "Loading a file whole",
      intro: `Files of ${size} in the page cache, read into fresh memory: one tensor; 300 transformer layers (4,800 tensors) in F32 and in BF16; the F32 layers behind a header of odd length, where no element of the file is aligned.`,
      comparisons,
      facts,
    };
  },
};

async function write(kind: string, path: string, bytes: number): Promise<void> {
  if (kind === "one tensor") {
    const side = Math.sqrt(bytes / 4);
    await writtenFile(path, { one: Tensor.fromBuffer("F32", [side, side], filledMemory(bytes)) });
  } else if (kind === "F32 layers") await writtenFile(path, model("F32", bytes));
  else if (kind === "BF16 layers") await writtenFile(path, model("BF16", bytes));
  else await misalignedFile(path, model("F32", bytes));
}

/** What loading takes where glibc asks the kernel for huge pages, which it does for every program that is told so. */
async function hugePages(path: string, size: string, rounds: number): Promise<Fact> {
  const plain: number[] = [];
  const huge: number[] = [];
  for (let round = 0; round < rounds; round++) {
    plain.push((await inChild("loadAgain", path)).seconds);
    huge.push((await inChildWith({ GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" }, "loadAgain", path)).seconds);
  }
  const [small, large] = [spread(plain).median, spread(huge).median];
  return {
    what: `\`loadFile\` of ${size} again and again; with huge pages (\`GLIBC_TUNABLES=glibc.malloc.hugetlb=1\`)`,
    got: `${duration(small)}; ${duration(large)}, ${(small / large).toFixed(2)}× as fast`,
  };
}

async function memory(path: string, bytes: number, rounds: number): Promise<Fact[]> {
  const facts: Fact[] = [];
  const jobs = [
    ["`loadFile`", "load"],
    ["`loadPytree`", "loadTree"],
    ["`readFile` + `@jax-js/loaders`", "loadJaxJs"],
    ["bare read", "bareRead"],
  ] as const;
  for (const [what, job] of jobs) {
    const { peakBytes, arrayBufferBytes } = await inChildren(rounds, job, path);
    facts.push({
      what: `peak memory, ${what} of ${mebibytes(bytes)}`,
      got: `${mebibytes(peakBytes.median)} resident, ${mebibytes(arrayBufferBytes.median)} of array buffers kept`,
    });
  }
  return facts;
}
