/**
 * Drives the page in a frame of its own origin and holds what it shows against what the command says. Browsers that
 * no program drives run it too.
 */
import { describe, it, runAll } from "../runtimes/harness.ts";
import type { Expected } from "./expected.ts";

const expected: Expected = await (await fetch("/expected.json")).json();
const violations: string[] = [];
const frame = document.createElement("iframe");
frame.width = "1400";
// High enough that no row of the samples is out of view.
frame.height = "4000";
document.body.append(frame);

/** Loads the page with files to open, and what is picked in them. */
async function load(urls: readonly string[], hash = ""): Promise<void> {
  const query = new URLSearchParams(urls.map((url) => ["url", url]));
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
  frame.src = `/viewer/?${query}${hash}`;
  await loaded;
  frame.contentDocument!.addEventListener("securitypolicyviolation", (event) => {
    violations.push(`${event.violatedDirective} ${event.blockedURI}`);
  });
}

/** Waits for something in the page. */
async function until<T>(what: string, find: (page: Document) => T | null | undefined | false): Promise<T> {
  const start = performance.now();
  for (;;) {
    const found = frame.contentDocument && find(frame.contentDocument);
    if (found) return found;
    if (performance.now() - start > 20_000)
      throw new Error(`no ${what}; the page has ${frame.contentDocument?.body?.innerText.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** The rows of a table of facts by their headings. */
function factsOf(page: Document): ReadonlyMap<string, string> {
  const rows = [...page.querySelectorAll(".facts tr")];
  return new Map(
    rows.map((row) => [row.querySelector("th")!.textContent!, row.querySelector("td")!.textContent!]),
  );
}

function same(found: unknown, wanted: unknown, where: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${where}: expected ${b}, found ${a}`);
}

function pick(parts: Readonly<Record<string, string>>): void {
  frame.contentWindow!.location.hash = new URLSearchParams(parts).toString();
}

const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
// The command's `nan` and `inf` are words in JSON; the page writes numbers as they are.
const digits = (value: number | string) => String(value);

describe("the page", () => {
  it("shows a tree", async () => {
    await load(["/data/model.safetensors"]);
    const rows = await until("tree", (page) => {
      const found = page.querySelectorAll('[role="treeitem"]');
      return found.length > 0 && found;
    });
    const labels = [...rows].map((row) => row.querySelector(".label")!.textContent);
    for (const label of ["embedding", "layers", "head"])
      if (!labels.includes(label)) throw new Error(`no ${label} among ${labels.join(", ")}`);
  });

  for (const stats of expected.stats) {
    it(`says the same of ${stats.name} as p2s stats, to the last digit`, async () => {
      pick({ tensor: stats.name });
      await until("heading", (page) => page.querySelector(".tensor h2")?.textContent === stats.name);
      const last = stats.percentiles.at(-1)!;
      await until("percentiles", (page) => {
        const text = factsOf(page).get(`${last.percent} %`);
        return text !== undefined && text !== "…";
      });
      const facts = factsOf(frame.contentDocument!);
      same(facts.get("count"), grouped(stats.count), "count");
      for (const key of ["min", "max", "mean", "std"] as const) same(facts.get(key), digits(stats[key]), key);
      same(facts.get("zeros")!.split(" ")[0], grouped(stats.zeros), "zeros");
      same(facts.get("NaN"), grouped(stats.nan), "NaN");
      same(facts.get("+inf"), grouped(stats.posInf), "+inf");
      same(facts.get("-inf"), grouped(stats.negInf), "-inf");
      for (const { percent, value } of stats.percentiles)
        same(facts.get(`${percent} %`), digits(value), `${percent} %`);
    });
  }

  it("finds the same differences as p2s diff", async () => {
    const { diff } = expected;
    await load(["/data/model.safetensors", "/data/changed.safetensors"]);
    await until("summary", (page) => {
      const summary = page.querySelector(".tree-count")?.textContent ?? "";
      return summary.includes("the same") && !summary.includes("not compared");
    });
    const rows = [...frame.contentDocument!.querySelectorAll(".changes .row")];
    const shown = new Map<string, string[]>();
    for (const row of rows) {
      const kind = row.querySelector(".change")!.textContent!;
      shown.set(kind, [...(shown.get(kind) ?? []), row.querySelector(".label")!.textContent!]);
    }
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();
    const sorted = (kind: string) => (shown.get(kind) ?? []).sort();
    same(sorted("removed"), names(diff.removed), "removed");
    same(sorted("added"), names(diff.added), "added");
    same(sorted("moved"), diff.moved.map(({ from, to }) => `${from} → ${to}`).sort(), "moved");
    same(sorted("reshaped"), names(diff.reshaped), "reshaped");
    same(sorted("retyped"), names(diff.retyped), "retyped");
    same(sorted("changed"), names(diff.changed), "changed");
    same(sorted("same").length, diff.same, "same");
  });

  for (const { name, values } of [...expected.diff.changed, ...expected.diff.retyped]) {
    it(`says the same of the differences of ${name} as p2s diff, to the last digit`, async () => {
      pick({ pair: name });
      await until("pair", (page) => page.querySelector(".tensor h2")?.textContent === name);
      await until("numbers", (page) => factsOf(page).has("cosine"));
      const facts = factsOf(frame.contentDocument!);
      const differing = `${grouped(values.differing)} of ${grouped(values.count)}`;
      same(facts.get("values that differ")!.split(" (")[0], differing, "values that differ");
      same(facts.get("greatest difference"), digits(values.maxAbs), "greatest difference");
      same(facts.get("mean difference"), digits(values.meanAbs), "mean difference");
      same(facts.get("greatest relative difference"), digits(values.maxRel), "greatest relative difference");
      same(facts.get("cosine"), digits(values.cosine), "cosine");
      same(facts.get("NaN on one side only"), grouped(values.nan), "NaN");
    });
  }

  it("takes names for text", async () => {
    await load(["/data/markup.safetensors"]);
    await until("tree", (page) => page.querySelector('[role="treeitem"]'));
    for (const name of expected.markup) {
      pick({ tensor: name });
      await until(`heading of ${name}`, (page) => page.querySelector(".stats svg"));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const page = frame.contentDocument!;
      const foreign = page.querySelectorAll("#app img, #app script, #app b, #app a[href]");
      same(foreign.length, 0, `elements made of ${name}`);
    }
    same((frame.contentWindow as { hacked?: unknown } | null)?.hacked, undefined, "code that ran");
  });

  for (const { name, url, code } of expected.hostile) {
    it(`${code === null ? "opens" : `refuses with ${code}`}: ${name}`, async () => {
      await load([url]);
      const end = await until("answer", (page) => page.querySelector(".failure, .tree, .detail .fact-list"));
      const text = frame.contentDocument!.querySelector(".failure")?.textContent ?? "";
      if (code !== null && !text.includes(`[${code}]`))
        throw new Error(`expected ${code}, found ${text || end.className}`);
      if (code !== null) same(frame.contentDocument!.querySelectorAll('[role="tree"]').length, 0, "trees");
      if (code === null && text !== "") throw new Error(`a valid file, refused: ${text}`);
    });
  }

  it("does nothing that its content security policy forbids", () => same(violations, [], "violations"));
});

await fetch("/report", { method: "POST", body: JSON.stringify(await runAll()) });
