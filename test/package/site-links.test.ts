import { describe, expect, it } from "vitest";
import { pageOf, rewriteLinks } from "../../scripts/docs/links.ts";

const KNOWN = new Set(["README.md", "CHANGELOG.md", "docs/guide.md", "docs/recipes/hub.md"]);

describe("the pages of the documentation site", () => {
  it("are those of docs/, and those at the top in lower case", () => {
    expect(pageOf("docs/guide.md")).toBe("guide.md");
    expect(pageOf("docs/recipes/hub.md")).toBe("recipes/hub.md");
    expect(pageOf("CHANGELOG.md")).toBe("changelog.md");
    expect(pageOf("README.md")).toBe("start.md");
  });

  it.each([
    ["README.md", "[guide](docs/guide.md#trees)", "[guide](./guide.md#trees)"],
    ["docs/guide.md", "[hub](recipes/hub.md)", "[hub](./recipes/hub.md)"],
    ["docs/recipes/hub.md", "[start](../../README.md#install)", "[start](../start.md#install)"],
    ["docs/guide.md", "[changes](../CHANGELOG.md)", "[changes](./changelog.md)"],
    ["docs/guide.md", "[below](#trees)", "[below](#trees)"],
    ["README.md", "![a page](docs/images/a.png)", "![a page](./images/a.png)"],
    ["docs/recipes/hub.md", "![a plot](../plots/a.svg)", "![a plot](../plots/a.svg)"],
    ["README.md", "[elsewhere](https://example.com/x)", "[elsewhere](https://example.com/x)"],
  ])("of %s: %s becomes %s", (page, text, expected) => {
    expect(rewriteLinks(text, page, KNOWN)).toBe(expected);
  });

  it("name files that the site doesn't have, without a link", () => {
    expect(rewriteLinks("[examples/tfjs.ts](examples/tfjs.ts)", "README.md", KNOWN)).toBe(
      "`examples/tfjs.ts`",
    );
  });

  it("load no images from other hosts", () => {
    const badge = "[![npm](https://img.shields.io/npm/v/x)](https://www.npmjs.com/package/x) text";
    expect(rewriteLinks(badge, "README.md", KNOWN)).toBe("text");
  });

  it("keep their code as it is", () => {
    const code = "```ts\nconst [a](docs/guide.md)\n```";
    expect(rewriteLinks(code, "README.md", KNOWN)).toBe(code);
  });
});
