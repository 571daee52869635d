import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildBrowserExample } from "../../scripts/browser/example.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "p2s-example-browser-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

// `npm run test:browser` opens what is built here in Chromium.
describe("examples/browser", () => {
  it("is built by Vite, with the browsers' form of the package", async () => {
    const entry = join(import.meta.dirname, "../../src/index.ts");
    await buildBrowserExample(entry, folder);
    const scripts = readdirSync(join(folder, "assets")).filter((file) => file.endsWith(".js"));
    expect(scripts).toHaveLength(1);
    const code = readFileSync(join(folder, "assets", scripts[0]!), "utf8");
    expect(code).toContain("createWritable");
    expect(code).not.toContain("node:fs");
    expect(readFileSync(join(folder, "index.html"), "utf8")).toContain(scripts[0]);
  });
});
