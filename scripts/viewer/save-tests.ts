/** What can be copied and taken away, held against the library and the command. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { openSafetensors } from "pytree2safetensors";
import { runText } from "../../test/viewer/expected.ts";
import { type DrivenTest, goto, same } from "./chromium.ts";

/** Clicks a button and gives the file that it saves. */
async function saved(page: Page, name: string | RegExp): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

export const saveTests: readonly DrivenTest[] = [
  {
    name: "saves a tensor as NPY and CSV",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=embedding");
      await page.getByRole("tab", { name: "values" }).click();
      const file = await openSafetensors(bench.samples.model);
      const tensor = await file.tensor("embedding");
      const npy = await saved(page, "tensor as NPY");
      same(npy.name, "embedding.npy", "the file's name");
      same(npy.bytes.subarray(0, 6).toString("latin1"), "\u0093NUMPY", "the magic");
      const length = npy.bytes.readUInt16LE(8);
      same((10 + length) % 64, 0, "the alignment of the data");
      const header = npy.bytes.subarray(10, 10 + length).toString();
      same(header.trim(), "{'descr': '<f4', 'fortran_order': False, 'shape': (512, 64), }", "the header");
      same(Buffer.compare(npy.bytes.subarray(10 + length), tensor.bytes), 0, "the bytes");
      const csv = await saved(page, "values as CSV");
      const rows = csv.bytes
        .toString()
        .trimEnd()
        .split("\n")
        .map((line) => line.split(",").map(Number));
      same([rows.length, rows[0]!.length], [512, 64], "the table's size");
      same(
        rows.flat().every((value, i) => Math.fround(value) === tensor.data[i]),
        true,
        "the values read back",
      );
      await file.close();
    },
  },
  {
    name: "saves a transposed slice of a larger tensor as NPY",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=position");
      await page.getByRole("tab", { name: "values" }).click();
      await page.getByRole("spinbutton", { name: "axis 0" }).fill("2");
      await page.locator(".tensor select").first().selectOption("2");
      const npy = await saved(page, "slice as NPY");
      const file = await openSafetensors(bench.samples.model);
      const { data } = await file.slice("position", [2]);
      const length = npy.bytes.readUInt16LE(8);
      same(
        npy.bytes
          .subarray(10, 10 + length)
          .toString()
          .includes("'shape': (64, 16)"),
        true,
        "the shape",
      );
      const values = new Float32Array(new Uint8Array(npy.bytes.subarray(10 + length)).buffer);
      same(
        values.every((value, i) => value === data[(i % 16) * 64 + Math.floor(i / 16)]),
        true,
        "the values",
      );
      await file.close();
    },
  },
  {
    name: "widens BF16 in NPY and spells big integers in full in CSV",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=layers%230.attention.value");
      await page.getByRole("tab", { name: "values" }).click();
      const npy = await saved(page, "tensor as NPY");
      same(npy.bytes.subarray(10, 74).toString().includes("'<f4'"), true, "float32");
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=counts");
      await page.getByRole("tab", { name: "values" }).click();
      same(
        (await saved(page, "values as CSV")).bytes.toString(),
        "1\n9007199254740993\n-3\n",
        "the integers",
      );
    },
  },
  {
    name: "saves the tree as p2s tree prints it",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"]);
      await page.waitForSelector('[role="treeitem"]');
      const text = (await saved(page, "Save tree as text")).bytes.toString();
      same(text, runText(bench.command, ["tree", bench.samples.model]), "the text");
    },
  },
  {
    name: "saves charts as SVG and PNG, and heat maps as PNG",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=embedding");
      await page.waitForSelector(".chart svg");
      const svg = await saved(page, "SVG");
      same(svg.bytes.toString().startsWith('<svg xmlns="http://www.w3.org/2000/svg"'), true, "an SVG");
      const png = await saved(page, "PNG");
      same(png.bytes.subarray(1, 4).toString(), "PNG", "a PNG");
      await page.getByRole("tab", { name: "heat map" }).click();
      await page.waitForSelector(".legend");
      same((await saved(page, "PNG")).bytes.subarray(1, 4).toString(), "PNG", "a PNG of the heat map");
    },
  },
];
