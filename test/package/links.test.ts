import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const pages = [
  ...readdirSync(root),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`),
].filter((page) => page.endsWith(".md"));

describe("what the package points to", () => {
  it.each(pages)("exists: the links of %s", (page) => {
    const missing = linksOf(page).filter((link) => {
      const [path, anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path!);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).includes(anchor);
    });
    expect(missing).toEqual([]);
  });

  it("exists: what package.json says is published", () => {
    const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
    // `dist` is built before it is published, and what is left out need not be there.
    const kept = files.filter((file) => file !== "dist" && !file.startsWith("!"));
    expect(kept.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

/** The targets of a page's links and images that lead into the repository. */
function linksOf(page: string): string[] {
  const targets = [...prose(page).matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g)].map(([, target]) => target!);
  return targets.filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** What GitHub calls the headings of a page in links. */
function anchorsOf(page: string): string[] {
  return [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}

/** A page without its code. */
function prose(page: string): string {
  return readFileSync(join(root, page), "utf8")
    .replace(/^```.*?^```/gms, "")
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()`]/g, ""));
}
