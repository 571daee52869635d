import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "../../src/cli");
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);
const specifiers = files.flatMap((file) =>
  [...readFileSync(join(folder, file), "utf8").matchAll(/(?:from |import |import\()"([^"]+)"/g)].map(
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
      new Set(["index.node.ts", "s3.node.ts"]),
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

  // The page computes with them in workers.
  it.each(["values", "numpy", "trees"])("reach nothing of Node's and no terminal from %s/", (room) => {
    const seen = new Set<string>();
    const reached: string[] = [];
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { specifier } of specifiers.filter((other) => other.file === file)) {
        if (specifier.endsWith("index.node.ts")) continue;
        if (specifier.startsWith(".")) visit(join(file, "..", specifier));
        else reached.push(`${file} imports ${specifier}`);
      }
    };
    for (const file of files) if (file.startsWith(`${room}/`)) visit(file);
    expect(reached).toEqual([]);
    expect([...seen].filter((file) => /^(terminal|files|commands)\//.test(file))).toEqual([]);
  });

  it("go in no circle", () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
      if (done.has(file) || path.includes(file)) return;
      for (const other of specifiers) {
        if (other.file === file && other.specifier.startsWith("."))
          visit(join(file, "..", other.specifier), [...path, file]);
      }
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it("are of files that say in their first line what they are for", () => {
    const silent = files.filter((file) => {
      const [first, second] = readFileSync(join(folder, file), "utf8").split("\n");
      return !/^\/\*\*? ?.*/.test(first!.startsWith("#!") ? second! : first!);
    });
    expect(silent).toEqual([]);
  });
});
