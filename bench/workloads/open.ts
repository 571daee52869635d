import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openSafetensors, pytree2dict } from "pytree2safetensors";
import { parseHeader } from "../../src/format/header/header.ts";
import { planLayout } from "../../src/format/layout/layout.ts";
import { inChild } from "../child.ts";
import { contest } from "../contest.ts";
import { sparseFile, warm } from "../files.ts";
import { treeOf } from "../models.ts";
import type { Comparison, Fact, Plot } from "../report-types.ts";
import { logSlope } from "../statistics.ts";
import { count, mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const WHY =
  "Opening: both make an object for each tensor, with its name. Before the first sample each runs for a while; the very first header that a program reads, while nothing is compiled, takes 40 ms for 5,000 tensors.";
const OURS = "parse, check, names";
const JSON_STRING = "`JSON.parse` of the text as a string";
const JSON_BYTES = "`TextDecoder` + `JSON.parse` of the same bytes";
const OPEN = "openSafetensors";
const PYTHON = "Python `safe_open().keys()`";

export const open: Workload = {
  name: "open",
  async run(context) {
    const comparisons: Comparison[] = [];
    const facts: Fact[] = [];
    const lines: Record<string, [number, number][]> = { [OURS]: [], "JSON.parse": [] };
    const python = await context.python();
    const tables = context.quick ? [50_000] : [1_000, 10_000, 50_000, 100_000, 500_000, 1_000_000];
    for (const size of tables) {
      context.log(`open: ${count(size)} tensors`);
      const head = headOf(size);
      const header = head.slice(8);
      const text = new TextDecoder().decode(header);
      const fileSize = head.byteLength + size * 4;
      const path = join(context.folder, "open.safetensors");
      await sparseFile(path, head, fileSize);
      await warm(path);
      const results = await contest(
        [
          { name: OURS, run: () => parseHeader(header, fileSize, undefined) },
          { name: JSON_STRING, run: () => JSON.parse(text) },
          { name: JSON_BYTES, run: () => JSON.parse(new TextDecoder().decode(header)) },
          {
            name: OPEN,
            run: () => openSafetensors(path),
            after: (file) => (file as { close(): Promise<void> }).close(),
          },
          ...(python
            ? [{ name: PYTHON, run: () => {}, seconds: () => python.seconds("open_header", path) }]
            : []),
        ],
        context.rounds(size / 250_000),
      );
      lines[OURS]!.push([size, results.time(OURS).median]);
      lines["JSON.parse"]!.push([size, results.time(JSON_STRING).median]);
      if (size === 50_000 || size === 500_000) {
        const ours = results.time(OURS);
        const what = `header of ${count(size)} tensors (${mebibytes(header.length)}): ${OURS}`;
        comparisons.push(
          { what, against: JSON_STRING, ours, speed: results.speed(OURS, JSON_STRING), why: WHY },
          { what, against: JSON_BYTES, ours, speed: results.speed(OURS, JSON_BYTES) },
        );
        if (python) {
          comparisons.push({
            what: `file of ${count(size)} tensors: \`${OPEN}\``,
            against: PYTHON,
            ours: results.time(OPEN),
            speed: results.speed(OPEN, PYTHON),
          });
        }
        const json = join(context.folder, "header.json");
        await writeFile(json, header);
        const costs = [await inChild("parseHeader", json, fileSize), await inChild("jsonParse", json)];
        facts.push({
          what: `peak memory beyond the header's own bytes, ${count(size)} tensors`,
          got: `${mebibytes(Math.max(0, costs[0]!.peakBytes - header.length))}; \`JSON.parse\` ${mebibytes(Math.max(0, costs[1]!.peakBytes - header.length))}`,
        });
      }
    }
    const plots: Plot[] = context.quick
      ? []
      : [
          {
            file: "open.svg",
            title: "Reading and checking a header",
            x: "tensors",
            y: "seconds",
            lines: Object.entries(lines).map(([name, points]) => ({
              name: `${name} (slope ${logSlope(points).toFixed(2)})`,
              points,
            })),
          },
        ];
    return {
      title: "Opening",
      intro:
        "Headers in memory, as the reference serializer writes them for transformer layers. The first row is what `openSafetensors` does with them: it parses, checks every rule of the format, looks for names that occur twice, and makes an object for each tensor with its name, dtype, shape and place; `JSON.parse` checks none of it. `openSafetensors` reads a file in the page cache.",
      comparisons,
      facts,
      plots,
    };
  },
};

/** The head of a file with `size` small tensors of a transformer's names. */
function headOf(size: number): Uint8Array {
  const names = Object.keys(pytree2dict(treeOf(Math.ceil(size / 16) * 16))).slice(0, size);
  return planLayout(names.map((name) => ({ name, dtype: "F32", shape: [1] }))).head;
}
