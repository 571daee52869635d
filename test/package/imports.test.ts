import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const src = join(import.meta.dirname, "../../src");

// A room is a folder of src/; "index" stands for the two files at its top.
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  tensor: ["base"],
  format: ["base", "tensor"],
  tree: ["base"],
  io: ["base"],
  checkpoint: ["base", "tensor", "format", "tree", "io"],
  training: ["base", "tensor", "format", "tree", "io", "checkpoint"],
  index: ["base", "tensor", "format", "tree", "io", "checkpoint"],
  adapters: ["base", "tensor", "index", "training"],
  cli: ["index"],
};

const PACKAGES: Record<string, readonly string[]> = {
  "adapters/jax-js.ts": ["@jax-js/jax"],
  "adapters/tfjs.ts": ["@tensorflow/tfjs-core"],
  "s3.ts": ["aws4fetch"],
};

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"));

const imports = files.flatMap((file) => importsOf(file).map((specifier) => ({ file, specifier })));
const relative = imports.filter(({ specifier }) => specifier.startsWith("."));

describe("who imports whom", () => {
  it("finds imports at all", () => {
    expect(relative.length).toBeGreaterThan(10);
  });

  it("knows every room", () => {
    expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...new Set(files.map(room))]));
  });

  it.each(Object.keys(MAY_IMPORT))("%s imports only the rooms below it", (name) => {
    const wrong = relative.filter(({ file, specifier }) => {
      const target = room(resolve(file, specifier));
      return room(file) === name && target !== name && !MAY_IMPORT[name]!.includes(target);
    });
    expect(wrong.map(spell)).toEqual([]);
  });

  // The command line is bundled, with what it uses; nothing else of the package may bring something along.
  it("takes nothing from npm outside cli/, save an adapter its own framework", () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        room(file) !== "cli" &&
        !specifier.startsWith(".") &&
        !specifier.startsWith("node:") &&
        !PACKAGES[file.replace(".node.ts", ".ts")]?.includes(specifier),
    );
    expect(wrong.map(spell)).toEqual([]);
  });

  it("imports node: only in *.node.ts and cli/", () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        specifier.startsWith("node:") && !file.endsWith(".node.ts") && room(file) !== "cli",
    );
    expect(wrong.map(spell)).toEqual([]);
  });

  it("reaches no *.node.ts from the entry points of browsers", () => {
    const adapters = files.filter((file) => /^adapters\/[^.]+\.ts$/.test(file));
    const entries = ["index.ts", "s3.ts", "training/index.ts", ...adapters];
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const { file: from, specifier } of relative) if (from === file) visit(resolve(file, specifier));
    };
    entries.forEach(visit);
    expect([...reached].filter((file) => file.endsWith(".node.ts"))).toEqual([]);
  });

  it("stands above the public API and training by their entries alone", () => {
    const entries = ["index", "s3", "training/index"].flatMap((entry) => [`${entry}.ts`, `${entry}.node.ts`]);
    const wrong = relative.filter(({ file, specifier }) => {
      const target = resolve(file, specifier);
      const isAbove = ["adapters", "cli"].includes(room(file)) && room(target) !== room(file);
      return isAbove && ["index", "training"].includes(room(target)) && !entries.includes(target);
    });
    expect(wrong.map(spell)).toEqual([]);
  });

  it("shares nothing of one framework with another", () => {
    const frameworks = Object.keys(PACKAGES).filter((file) => room(file) === "adapters");
    const wrong = relative.filter(({ file, specifier }) => {
      const target = resolve(file, specifier).replace(".node.ts", ".ts");
      return frameworks.includes(target) && file.replace(".node.ts", ".ts") !== target;
    });
    expect(wrong.map(spell)).toEqual([]);
  });

  it("writes relative imports with the name of the very file", () => {
    const wrong = relative.filter(({ file, specifier }) => !files.includes(resolve(file, specifier)));
    expect(wrong.map(spell)).toEqual([]);
  });
});

/** Specifiers of all imports and exports of a file, of types too by default, and of `import()` with a literal. */
function importsOf(file: string, root = src, { types = true } = {}): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest);
  const specifiers: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const isTypes = ts.isImportDeclaration(node) ? node.importClause?.isTypeOnly : node.isTypeOnly;
      if (node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) && (types || !isTypes))
        specifiers.push(node.moduleSpecifier.text);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments;
      if (specifier && ts.isStringLiteral(specifier)) specifiers.push(specifier.text);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal)) specifiers.push(node.argument.literal.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return specifiers;
}

function resolve(file: string, specifier: string): string {
  return posix.join(dirname(file), specifier);
}

function spell({ file, specifier }: { file: string; specifier: string }): string {
  return `${file} imports ${specifier}`;
}

function room(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "index";
}

describe("the page", () => {
  const viewer = join(src, "../viewer");
  const own = readdirSync(viewer, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /^src\/.*\.tsx?$/.test(file));
  const specifiers = own.flatMap((file) => importsOf(file, viewer).map((specifier) => ({ file, specifier })));
  // Of the command, what is free of Node: numbers, trees, charts, and how both are spelled.
  const PARTS = /^cli\/(charts|numpy|terminal|trees|values)\/|^cli\/commands\/tree\/view\.ts$/;

  it("stands on the public API and the parts of the command that run anywhere", () => {
    const outside = specifiers
      .map(({ file, specifier }) => ({
        file,
        specifier,
        target: posix.join("viewer", dirname(file), specifier),
      }))
      .filter(({ specifier, target }) => specifier.startsWith(".") && !target.startsWith("viewer/src/"))
      .filter(({ target }) => target !== "src/index.ts" && !PARTS.test(target.replace(/^src\//, "")));
    expect(outside.map(spell)).toEqual([]);
  });

  it("imports nothing of Node, and packages that are bundled into it alone", () => {
    const packages = [
      ...new Set(specifiers.map(({ specifier }) => specifier).filter((name) => !name.startsWith("."))),
    ];
    expect(packages.sort()).toEqual([
      "@tanstack/virtual-core",
      "d3-scale-chromatic",
      "preact",
      "preact/hooks",
    ]);
  });

  it("reaches no module that needs Node", () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      // What Node gets is the browsers' form in the bundle.
      const file = path.replace(/index\.node\.ts$/, "index.ts");
      if (reached.has(file)) return;
      reached.add(file);
      for (const specifier of importsOf(file, src, { types: false })) {
        if (specifier.startsWith(".")) visit(resolve(file, specifier));
        else reached.add(specifier);
      }
    };
    for (const { file, specifier } of own.flatMap((file) =>
      importsOf(file, viewer, { types: false }).map((specifier) => ({ file, specifier })),
    )) {
      const target = posix.join("viewer", dirname(file), specifier);
      if (target.startsWith("src/")) visit(target.slice("src/".length));
    }
    expect([...reached].filter((name) => name.startsWith("node:") || name === "commander")).toEqual([]);
  });
});

describe("the examples", () => {
  const examples = join(src, "../examples");
  const { exports } = JSON.parse(readFileSync(join(src, "../package.json"), "utf8"));
  const entries = Object.keys(exports).map((entry) => entry.replace(/^\./, "pytree2safetensors"));
  const own = readdirSync(examples, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts"));
  const specifiers = own.flatMap((file) =>
    importsOf(file, examples).map((specifier) => ({ file, specifier })),
  );

  it("import the package by its entry points, as whoever copies them does", () => {
    expect(own.length).toBeGreaterThan(5);
    const wrong = specifiers.filter(({ file, specifier }) => {
      if (specifier.startsWith(".")) return !own.includes(resolve(file, specifier));
      return specifier.startsWith("pytree2safetensors") && !entries.includes(specifier);
    });
    expect(wrong.map(spell)).toEqual([]);
  });

  it("import no other package but frameworks and the hub's client", () => {
    const packages = new Set(specifiers.map(({ specifier }) => specifier));
    const others = [...packages].filter((name) => !/^(\.|node:|pytree2safetensors)/.test(name));
    expect(others.sort()).toEqual([
      "@huggingface/hub",
      "@jax-js/jax",
      "@tensorflow/tfjs-backend-cpu",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-layers",
    ]);
  });

  it("import nothing of Node in a page", () => {
    const inPages = specifiers.filter(({ file }) => file.startsWith("browser/"));
    expect(inPages.length).toBeGreaterThan(0);
    expect(inPages.filter(({ specifier }) => specifier.startsWith("node:")).map(spell)).toEqual([]);
  });
});
