/** Every way to open something. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { type DrivenTest, goto, same, type Workbench } from "./chromium.ts";

const labels = async (page: Page) => {
  await page.waitForSelector('[role="treeitem"]');
  return page.locator('[role="treeitem"] .label').allTextContents();
};
const MODEL = ["activation", "counts", "embedding", "head", "layers", "odd", "position", "step"];

/** The model of the samples, chosen in one of the page's two inputs. */
function opensModel(
  name: string,
  input: "#choose-files" | "#choose-folder",
  chosen: (samples: Workbench["samples"]) => string | string[],
): DrivenTest {
  return {
    name,
    async run(page, bench) {
      await goto(page, bench);
      await page.setInputFiles(input, chosen(bench.samples));
      same(await labels(page), MODEL, "rows");
    },
  };
}

export const openTests: readonly DrivenTest[] = [
  opensModel("opens a file that is chosen", "#choose-files", ({ model }) => model),
  opensModel("opens shards with their index", "#choose-files", ({ sharded }) =>
    readdirSync(sharded).map((name) => join(sharded, name)),
  ),
  {
    name: "opens shards without their index",
    async run(page, bench) {
      await goto(page, bench);
      const files = readdirSync(bench.samples.sharded).filter((name) => name.endsWith(".safetensors"));
      await page.setInputFiles(
        "#choose-files",
        files.map((name) => join(bench.samples.sharded, name)),
      );
      await page.waitForSelector('[role="treeitem"]');
      same((await labels(page)).includes("layers"), true, "layers");
      same(
        await page.locator(".tree-count").textContent(),
        "55 tensors, 366 k parameters, 1.41 MB",
        "totals",
      );
    },
  },
  {
    name: "says which shard is missing",
    async run(page, bench) {
      await goto(page, bench);
      await page.setInputFiles("#choose-files", join(bench.samples.sharded, "model.safetensors.index.json"));
      const text = await page.locator(".failure").textContent();
      same(
        /MissingShard/.test(text!) && /Choose the index together with/.test(text!),
        true,
        `advice in ${text}`,
      );
    },
  },
  opensModel("opens a folder", "#choose-folder", ({ sharded }) => sharded),
  {
    name: "shows the steps of a run's folder",
    async run(page, bench) {
      await goto(page, bench);
      await page.setInputFiles("#choose-folder", bench.samples.run);
      await page.waitForSelector(".steps svg");
      same(await page.locator("h3").allTextContents(), ["loss", "accuracy"], "metrics");
      await page.fill(".steps input", "@w");
      await page.press(".steps input", "Enter");
      await page.locator("h3", { hasText: "Norm" }).waitFor();
      await page.getByRole("button", { name: "Compare with previous of step 300" }).click();
      await page.waitForSelector(".changes .row");
      await page.getByRole("button", { name: "Back to steps" }).click();
      await page.waitForSelector(".steps svg");
    },
  },
  {
    name: "compares two files that are chosen, and another one with what is open",
    async run(page, bench) {
      await goto(page, bench);
      await page.setInputFiles("#choose-files", [bench.samples.model, bench.samples.changed]);
      await page.waitForSelector(".changes .row");
      await goto(page, bench, ["/data/model.safetensors"]);
      await page.getByRole("button", { name: "Compare with…" }).click();
      await page.setInputFiles("#choose-files", bench.samples.changed);
      await page.waitForSelector(".changes .row");
      await page.getByRole("button", { name: "Tree of B" }).click();
      same((await labels(page)).includes("extra"), true, "the tree of B");
    },
  },
  {
    name: "opens what is dropped, and an address that is pasted or typed",
    async run(page, bench) {
      await goto(page, bench);
      const bytes = readFileSync(bench.samples.markup).toString("base64");
      await page.evaluate((text) => {
        const transfer = new DataTransfer();
        const data = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        transfer.items.add(new File([data], "dropped.safetensors"));
        dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
      }, bytes);
      same((await labels(page)).includes("constructor"), true, "what was dropped");
      await page.evaluate((url) => {
        const transfer = new DataTransfer();
        transfer.setData("text/plain", `${url}/data/model.safetensors`);
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
      }, bench.site.url);
      await page.locator(".label", { hasText: "embedding" }).waitFor();
      await page.getByRole("button", { name: "Open…" }).click();
      await page.fill("#address", `${bench.site.url}/data/markup.safetensors`);
      await page.press("#address", "Enter");
      await page.locator(".label", { hasText: "constructor" }).waitFor();
    },
  },
  {
    name: "opens what the site has stored",
    async run(page, bench) {
      await goto(page, bench);
      const bytes = readFileSync(bench.samples.model).toString("base64");
      await page.evaluate(async (text) => {
        const data = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("kept", {
          create: true,
        });
        const writable = await (
          await folder.getFileHandle("mine.safetensors", { create: true })
        ).createWritable();
        await writable.write(data);
        await writable.close();
      }, bytes);
      await page.reload();
      await page.getByRole("button", { name: "kept/mine.safetensors" }).click();
      same(await labels(page), MODEL, "rows");
    },
  },
  {
    name: "says what is wrong with files that don't belong together, and with no file at all",
    missing: true,
    async run(page, bench) {
      await goto(page, bench);
      await page.setInputFiles("#choose-files", [
        bench.samples.model,
        bench.samples.changed,
        bench.samples.markup,
      ]);
      same(
        /both have a tensor named/.test((await page.locator(".failure").textContent())!),
        true,
        "the reason",
      );
      await goto(page, bench, ["/data/nothing-here.safetensors"]);
      await page.locator(".failure").waitFor();
    },
  },
];
