import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, it } from "vitest";

const tarball = readFileSync(inject("tarball"));
const packed = createPackageFromTarballData(tarball);
const folder = "/node_modules/pytree2safetensors/";
const files = packed.listFiles().map((path) => path.slice(folder.length));
const manifest = JSON.parse(packed.readFile(`${folder}package.json`));

describe("the published package", () => {
  it("has no runtime dependencies", () => {
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  it("takes the frameworks and the signer of S3 as optional peers", () => {
    expect(Object.keys(manifest.peerDependencies)).toEqual([
      "@jax-js/jax",
      "@tensorflow/tfjs-core",
      "aws4fetch",
    ]);
    for (const peer of Object.keys(manifest.peerDependencies)) {
      expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true });
    }
  });

  it("holds the build with the page, its sources for debuggers, the documentation and nothing else", () => {
    const strangers = files.filter(
      (file) =>
        !/^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts|docs\/.+\.md|dist\/viewer\/(assets\/[\w.-]+\.(js|css)|index\.html|icon\.svg))$/.test(
          file,
        ) &&
        ![
          "package.json",
          "README.md",
          "CHANGELOG.md",
          "LICENSE",
          "SECURITY.md",
          "dist/cli/LICENSES.txt",
          "dist/viewer/LICENSES.txt",
        ].includes(file),
    );
    expect(strangers).toEqual([]);
    expect(files).toContain("README.md");
    expect(files).toContain("LICENSE");
  });

  it("has the file behind every export and every binary", () => {
    const targets = [...strings(manifest.exports), ...strings(manifest.bin ?? {})];
    for (const target of targets) expect(files).toContain(target.replace("./", ""));
  });

  it("says nothing about the machine that built it", () => {
    const root = join(import.meta.dirname, "../../..");
    for (const file of files) expect(packed.readFile(folder + file)).not.toContain(root);
  });

  it("has maps whose sources are in the package", () => {
    for (const file of files.filter((name) => name.endsWith(".js.map"))) {
      const map: { sources: string[]; sourcesContent?: string[] } = JSON.parse(
        packed.readFile(folder + file),
      );
      if (map.sourcesContent !== undefined) continue;
      for (const source of map.sources) expect(files).toContain(join(file, "..", source));
    }
  });

  it("passes publint", async () => {
    const { messages, pkg } = await publint({
      strict: true,
      pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) },
    });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("resolves with the right types, from every kind of import of an ES module", async () => {
    const result = await checkPackage(packed, { excludeEntrypoints: ["./package.json"] });
    if (!result.types) throw new Error("the package has no types");
    // ES modules only: CommonJS reaches them through `import()` or Node's `require(esm)`, and TypeScript's
    // old resolution, which knows no `exports`, finds no subpaths.
    const problems = result.problems.filter(
      (problem) =>
        problem.kind !== "CJSResolvesToESM" &&
        !("resolutionKind" in problem && problem.resolutionKind === "node10"),
    );
    expect(problems).toEqual([]);
  });
});

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}
