/** Compiles programs that stand nowhere on the disk, in a strict project that has the packed package. */
import { join } from "node:path";
import ts from "typescript";

const SETTINGS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  types: ["node"],
  typeRoots: [join(import.meta.dirname, "../../../node_modules/@types")],
  skipLibCheck: true,
};

/** @param files The texts, by paths in the folder of the project. */
export function compile(files: ReadonlyMap<string, string>): ts.Program {
  const host = ts.createCompilerHost(SETTINGS);
  const { readFile, fileExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile.call(host, path);
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  return ts.createProgram([...files.keys()], SETTINGS, host);
}

/** The names that an entry of the package (`""`, `"/training"`) exports, types too. */
export type Exported = (entry: string) => readonly string[];

export function exportedBy(consumer: string): Exported {
  const entries = ["", "/training"];
  const path = join(consumer, "entries.ts");
  const imports = entries.map((entry) => `import "pytree2safetensors${entry}";`).join("\n");
  const program = compile(new Map([[path, imports]]));
  const checker = program.getTypeChecker();
  const names = program.getSourceFile(path)!.statements.map((statement) => {
    const module = checker.getSymbolAtLocation((statement as ts.ImportDeclaration).moduleSpecifier)!;
    return checker.getExportsOfModule(module).map(({ name }) => name);
  });
  return (entry) => names[entries.indexOf(entry)]!;
}
