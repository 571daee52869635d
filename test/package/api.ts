import { dirname, join } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "../..");

/** The public symbols of entry points, as the TypeScript compiler sees them in src/. */
export interface Api {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  /** The exports of an entry point, aliases resolved, by exported name. */
  exportsOf(file: string): Map<string, ts.Symbol>;
}

/** Files as the compiler sees them with the repository's own settings. */
function createProgram(files: readonly string[]): ts.Program {
  const configPath = join(root, "tsconfig.json");
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(configPath));
  return ts.createProgram(files, options);
}

/** The API of entry points, named by their paths in src/; `others` are files that the program has besides. */
export function readApi(entries: readonly string[], others: readonly string[] = []): Api {
  const program = createProgram([...entries.map((file) => join(root, "src", file)), ...others]);
  const checker = program.getTypeChecker();
  return {
    program,
    checker,
    exportsOf(file) {
      const source = program.getSourceFile(join(root, "src", file));
      const module = source && checker.getSymbolAtLocation(source);
      if (module === undefined) throw new Error(`src/${file} is not a module`);
      const symbols = checker
        .getExportsOfModule(module)
        .map((symbol): [string, ts.Symbol] => [
          symbol.name,
          symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
        ]);
      return new Map(symbols.sort(([a], [b]) => (a < b ? -1 : 1)));
    },
  };
}

/** What a symbol is, as one would declare it: `class`, `function`, `const`, `interface`, `type`. */
export function kindOf(symbol: ts.Symbol): string {
  const { flags } = symbol;
  if (flags & ts.SymbolFlags.Class) return "class";
  if (flags & ts.SymbolFlags.Function) return "function";
  if (flags & ts.SymbolFlags.Variable) return "const";
  if (flags & ts.SymbolFlags.Interface) return "interface";
  if (flags & ts.SymbolFlags.TypeAlias) return "type";
  return ts.SymbolFlags[flags] ?? String(flags);
}
