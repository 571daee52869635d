import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../src/cli");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);
const specifiers = files.flatMap((file) =>
  [...readFileSync(join(folder, file), "utf8").matchAll(/(?:from|import) "([^"]+)"/g)].map(
    ([, specifier]) => ({ file, specifier: specifier! }),
  ),
);

describe("the command line's imports", () => {
  it("reach the library by its public API alone", () => {
    const outside = specifiers.filter(({ file, specifier }) => {
      const path = join("/", file, "..", specifier);
      return specifier.startsWith("../") && !files.some((other) => join("/", other) === path);
    });
    expect(new Set(outside.map(({ file, specifier }) => join("cli", file, "..", specifier)))).toEqual(
      new Set(["index.node.ts"]),
    );
  });

  it("are packages that are bundled, so the published package depends on none", () => {
    const packages = specifiers
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^(\.|node:)/.test(specifier));
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(folder, "../../package.json"), "utf8"),
    );
    expect(dependencies ?? {}).toEqual({});
    expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(packages));
  });
});
