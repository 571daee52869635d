import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { saveFile, type Tensor } from "pytree2safetensors";
import { planLayout } from "../../src/format/layout/layout.ts";
import { inChildren, touchMemory } from "../child.ts";
import { contest } from "../contest.ts";
import { bareWrite, bareWritev } from "../contestants/raw.ts";
import { model } from "../files.ts";
import type { Comparison, Fact } from "../report-types.ts";
import { mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const WHY =
  "Saving: bytes are handed over without a copy, up to 32 MiB and 512 tensors in a call, and one call is under way while the next is gathered. What the kernel takes to copy into the page cache is the most of it: one block took 272 ms for 1 GiB, and the file's size set ahead, calls of 2 to 32 MiB, calls that end at even places and several at once took 272 to 318 ms, but for two outliers (543 and 602 ms). Two writes at once into one file were no faster than one after the other. The rest of the time above a bare write of one block goes into the many pieces (as the bare `writev` shows), the layout of the header, the temporary file and its rename. When flushed, the disk decides, which also explains the spread.";
const OURS = "`saveFile`";
const BARE = "bare write of each tensor";
const BARE_MANY = "bare `writev` of many tensors a call";
const BARE_WHOLE = "bare write of one block";

export const save: Workload = {
  name: "save",
  async run(context) {
    const bytes = context.quick ? 2 ** 26 : 2 ** 30;
    const size = context.quick ? "64 MiB" : "1 GiB";
    const path = join(context.folder, "save.safetensors");
    const comparisons: Comparison[] = [];
    for (const dtype of ["F32", "BF16"] as const) {
      for (const flush of [false, true]) {
        if (dtype === "BF16" && flush) continue;
        context.log(`save: ${size} ${dtype}, ${flush ? "flushed" : "not flushed"}`);
        const dict = model(dtype, bytes);
        const chunks = fileChunks(dict);
        const whole = joined(chunks);
        const remove = () => unlink(path);
        await touchMemory(4 * bytes);
        const results = await contest(
          [
            { name: OURS, run: () => saveFile(dict, path, { flush }), after: remove },
            { name: BARE, run: () => bareWrite(path, chunks, flush), after: remove },
            { name: BARE_MANY, run: () => bareWritev(path, chunks, flush), after: remove },
            { name: BARE_WHOLE, run: () => bareWrite(path, [whole], flush), after: remove },
          ],
          context.rounds(flush ? 4 : 2),
        );
        const what = `${size}, 300 layers ${dtype}, ${flush ? "flushed" : "not flushed"}: ${OURS}`;
        const ours = results.time(OURS);
        comparisons.push(
          { what, against: BARE_WHOLE, ours, speed: results.speed(OURS, BARE_WHOLE), why: WHY },
          { what, against: BARE_MANY, ours, speed: results.speed(OURS, BARE_MANY) },
          { what, against: BARE, ours, speed: results.speed(OURS, BARE) },
        );
      }
    }
    const { peakBytes } = await inChildren(context.quick ? 1 : 3, "save", path, bytes);
    const facts: Fact[] = [
      {
        what: `memory beyond the tensors, saving ${size}`,
        got: mebibytes(peakBytes.median),
        reach: "≤ 16 MiB + header",
        ok: peakBytes.median <= 17 * 2 ** 20,
      },
    ];
    return {
      title: "Saving",
      intro: `${size} in memory, 300 transformer layers (4,800 tensors), to a new file on disk: not flushed, that is into the page cache, and flushed, which is the default of a save. The bare write writes the finished bytes of the file; \`saveFile\` also lays out the header, writes a temporary file and renames it.`,
      comparisons,
      facts,
    };
  },
};

/** The bytes of the file, as views: its head, then each tensor. */
function fileChunks(dict: Record<string, Tensor>): Uint8Array[] {
  const tensors = Object.entries(dict);
  const { head, order } = planLayout(tensors.map(([name, { dtype, shape }]) => ({ name, dtype, shape })));
  return [head, ...Array.from(order, (index) => tensors[index]![1].bytes)];
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
