import { readdirSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, inject, it } from "vitest";

const dist = join(inject("consumer"), "node_modules/pytree2safetensors/dist");
const declarations = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".d.ts"),
);

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

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, ts.sys.readFile(join(dist, file)) ?? "", ts.ScriptTarget.Latest, true);
}

function compile(entry: string, code: string, options: ts.CompilerOptions): ts.Program {
  const all: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: [],
    skipLibCheck: false,
    skipDefaultLibCheck: true,
    ...options,
  };
  const host = ts.createCompilerHost(all);
  const readFile = host.readFile.bind(host);
  host.readFile = (path) => (path === entry ? code : readFile(path));
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (path) => path === entry || fileExists(path);
  return ts.createProgram([entry], all, host);
}
