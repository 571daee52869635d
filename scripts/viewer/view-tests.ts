/** Keys, links, folds, and what screen readers and small screens need. */
import type { Page } from "playwright-core";
import { type DrivenTest, goto, same, seriousFaults, show } from "./chromium.ts";

const activeLabel = (page: Page) => page.locator(".row.active .label").textContent();

/** The views of the page: how each is reached. */
export const VIEWS: readonly {
  readonly name: string;
  readonly urls: readonly string[];
  ready(page: Page): Promise<unknown>;
}[] = [
  { name: "open", urls: [], ready: (page) => page.waitForSelector(".open-panel") },
  {
    name: "tree",
    urls: ["/data/model.safetensors"],
    ready: (page) => page.waitForSelector('[role="treeitem"]'),
  },
  {
    name: "statistics",
    urls: ["/data/model.safetensors"],
    async ready(page) {
      await page.waitForSelector('[role="treeitem"]');
      await show(page, { tensor: "layers#2.attention.query" });
      await page.locator("th", { hasText: "99 %" }).waitFor();
    },
  },
  {
    name: "values",
    urls: ["/data/model.safetensors"],
    async ready(page) {
      await page.waitForSelector('[role="treeitem"]');
      await show(page, { tensor: "position" });
      await page.getByRole("tab", { name: "values" }).click();
      await page.waitForSelector(".values td");
    },
  },
  {
    name: "heat-map",
    urls: ["/data/model.safetensors"],
    async ready(page) {
      await page.waitForSelector('[role="treeitem"]');
      await show(page, { tensor: "embedding" });
      await page.getByRole("tab", { name: "heat map" }).click();
      await page.waitForSelector(".legend");
    },
  },
  {
    name: "compare",
    urls: ["/data/model.safetensors", "/data/changed.safetensors"],
    async ready(page) {
      await page.locator(".tree-count", { hasText: /changed.*the same/ }).waitFor();
      await show(page, { pair: "embedding" });
      await page.locator("th", { hasText: "cosine" }).waitFor();
    },
  },
  {
    name: "steps",
    urls: [100, 200, 300, 400, 500, 600].map(
      (step) => `/data/run/step-${String(step).padStart(8, "0")}.safetensors`,
    ),
    async ready(page) {
      await page.waitForSelector(".steps svg");
      await page.fill(".steps input", "@w");
      await page.press(".steps input", "Enter");
      await page.locator("h3", { hasText: "Spread" }).waitFor();
    },
  },
];

const THEMES = [
  { theme: "light", size: "wide", options: { colorScheme: "light" } },
  { theme: "dark", size: "narrow", options: { colorScheme: "dark", viewport: { width: 390, height: 800 } } },
] as const;

export const viewTests: readonly DrivenTest[] = [
  ...VIEWS.flatMap((view) =>
    THEMES.map(({ theme, size, options }): DrivenTest => {
      return {
        name: `has no serious fault of accessibility: ${view.name}, ${theme}, ${size}`,
        options,
        async run(page, bench) {
          await goto(page, bench, view.urls);
          await view.ready(page);
          same(await seriousFaults(page), [], "faults");
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          same(overflow > 0, false, `pixels that stick out: ${overflow}`);
        },
      };
    }),
  ),
  {
    name: "goes through the tree by keys",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"]);
      await page.waitForSelector('[role="treeitem"]');
      await page.keyboard.press("/");
      await page.keyboard.type("QUERY");
      await page.locator(".tree-count", { hasText: "6 found" }).waitFor();
      await page.keyboard.press("Escape");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("End");
      same(await activeLabel(page), "step", "the last row");
      await page.keyboard.press("Home");
      same(await activeLabel(page), "activation", "the first row");
      for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowDown");
      same(await activeLabel(page), "layers", "a row down");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      same((await activeLabel(page))?.includes("×6"), true, "the run of equal layers");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      same(await activeLabel(page), "#0", "a layer of the run");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("ArrowLeft");
      same(await page.locator(".row.active").getAttribute("aria-expanded"), "false", "folded again");
      await page.keyboard.press("Home");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.locator("h2", { hasText: "embedding" }).waitFor();
      same(new URL(page.url()).hash, "#tensor=embedding", "the link");
    },
  },
  {
    name: "follows a link to a tensor and unfolds the way to it",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=layers%234.mlp.up");
      await page.locator("h2", { hasText: "layers#4.mlp.up" }).waitFor();
      await page.locator(".row.selected .label", { hasText: ".up" }).waitFor();
    },
  },
  {
    name: "sorts by size and by name, and shows every layer where that is asked for",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"]);
      await page.waitForSelector('[role="treeitem"]');
      await page.selectOption(".tree-tools select", "size");
      same(await page.locator(".row .label").first().textContent(), "layers", "the largest");
      await page.locator("label", { hasText: "fold equal layers" }).locator("input").uncheck();
      await page.getByRole("button", { name: "Unfold all" }).click();
      await page.locator(".row .label", { hasText: /^#0$/ }).waitFor();
      same(await page.locator(".times").count(), 0, "runs");
      await page.getByRole("button", { name: "Fold all", exact: true }).click();
      same(await page.locator(".row").count(), 8, "rows");
    },
  },
  {
    name: "shows scalars and static values, and follows links to them",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"]);
      await page.locator(".row", { hasText: "activation" }).click();
      same(await page.locator(".value").textContent(), "gelu", "a static value");
      await page.locator(".row", { hasText: "step" }).click();
      same(await page.locator(".value").textContent(), "1200", "a scalar");
      await page.goBack();
      await page.locator(".value", { hasText: "gelu" }).waitFor();
      await page.reload();
      await page.locator(".value", { hasText: "gelu" }).waitFor();
    },
  },
  {
    name: "chooses axes and indices, and pages through values",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=position");
      await page.getByRole("tab", { name: "values" }).click();
      // How a number is spelled depends on its neighbours, what it is does not.
      const cell = async (row: number, column: number) => {
        const text = await page.locator(".values tbody tr").nth(row).locator("td").nth(column).textContent();
        return Number(Number(text).toPrecision(6));
      };
      await page.waitForSelector(".values td");
      const [at12, at21] = [await cell(1, 2), await cell(2, 1)];
      await page.locator(".tensor select").first().selectOption("2");
      await page.locator(".values tbody tr").nth(40).waitFor();
      same([await cell(2, 1), await cell(1, 2)], [at12, at21], "the transposed matrix");
      const before = await page.locator(".values tbody td").first().textContent();
      await page.getByRole("spinbutton", { name: "axis 0" }).fill("3");
      await page.waitForFunction(
        (old) => document.querySelector(".values tbody td")?.textContent !== old,
        before,
      );
      await page.getByRole("button", { name: "next rows" }).click();
      await page.locator(".values tbody th", { hasText: /^63$/ }).waitFor();
    },
  },
  {
    name: "zooms into a heat map with keys and says what is under the pointer",
    async run(page, bench) {
      await goto(page, bench, ["/data/model.safetensors"], "#tensor=embedding");
      await page.getByRole("tab", { name: "heat map" }).click();
      await page.waitForSelector(".legend");
      await page.focus(".heat-map");
      await page.keyboard.press("+");
      await page.locator(".note", { hasText: "rows 128 to 383, columns 16 to 47" }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.locator(".note", { hasText: "rows 192 to 447, columns 16 to 47" }).waitFor();
      await page.hover(".heat-map", { position: { x: 1, y: 1 } });
      same(/^\[192, 16\] = -?\d/.test((await page.locator(".pointed").textContent())!), true, "the value");
    },
  },
];
