import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, inject, it } from "vitest";

const dist = join(inject("consumer"), "node_modules/pytree2safetensors/dist");
const declarations = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".d.ts"),
);

const SETTINGS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  types: [],
  skipLibCheck: false,
  skipDefaultLibCheck: true,
};

describe("the published declarations", () => {
  it("are there", () => {
    expect(declarations).toContain("index.d.ts");
  });

  it("never say `any`", () => {
    const found: string[] = [];
    for (const file of declarations) {
      const source = parse(file);
      const visit = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) {
          found.push(`${file}: ${node.parent.getText(source)}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(source);
    }
    expect(found).toEqual([]);
  });

  // What TypeScript 5.7 has made generic is an error in older ones: `npm run test:typescript` compiles with each.
  it("give typed arrays no type arguments, which TypeScript before 5.7 refuses", () => {
    const reached = new Set([
      "index.d.ts",
      "adapters/jax-js.d.ts",
      "adapters/tfjs.d.ts",
      "s3.d.ts",
      "training/index.d.ts",
    ]);
    for (const file of reached) for (const imported of importsOf(file)) reached.add(imported);
    expect(reached.size).toBeGreaterThan(20);
    const generic = /\b(?:Big)?(?:Uint|Int|Float)\d+(?:Clamped)?Array</;
    expect([...reached].filter((file) => generic.test(textOf(file)))).toEqual([]);
  });

  it("compile in a strict project without Node's types, on what browsers have", () => {
    const entry = join(inject("consumer"), "browser.ts");
    const program = compile(
      entry,
      [
        'import { loadPytree, savePytree, type Tensor } from "pytree2safetensors";',
        "export async function f(file: Blob): Promise<unknown> {",
        "  const tree = await loadPytree(file);",
        "  await savePytree(tree, new WritableStream<Uint8Array>());",
        "  return tree;",
        "}",
        "export const bytes = (tensor: Tensor): number => tensor.byteLength;",
      ].join("\n"),
      { lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"] },
    );
    const messages = ts
      .getPreEmitDiagnostics(program)
      .map(
        (diagnostic) =>
          `${diagnostic.file?.fileName}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")}`,
      );
    expect(messages).toEqual([]);
  });
});

function textOf(file: string): string {
  return ts.sys.readFile(join(dist, file)) ?? "";
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);
}

/** The declarations of the package that a file of them imports. */
function importsOf(file: string): string[] {
  return ts
    .preProcessFile(textOf(file))
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => join(file, "..", fileName.replace(/\.js$/, ".d.ts")));
}

function compile(entry: string, code: string, options: ts.CompilerOptions): ts.Program {
  const all = { ...SETTINGS, ...options };
  const host = ts.createCompilerHost(all);
  const readFile = host.readFile.bind(host);
  host.readFile = (path) => (path === entry ? code : readFile(path));
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (path) => path === entry || fileExists(path);
  return ts.createProgram([entry], all, host);
}
