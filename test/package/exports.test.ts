import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { kindOf, readApi } from "./api.ts";

const ADAPTERS = ["adapters/jax-js.ts", "adapters/tfjs.ts"];
const ENTRIES = ["index.ts", ...ADAPTERS, "training/index.ts"];
const nodeEntry = (entry: string) => entry.replace(/\.ts$/, ".node.ts");

// What is used of a platform's own objects: their documentation is the platform's.
const PLATFORMS = /Like$|^TypedArray$/;
const MEMBER = ts.SymbolFlags.Property | ts.SymbolFlags.Method | ts.SymbolFlags.Accessor;

// `expectTypeOf` says nothing when it runs; only the compiler checks what it claims.
const tests = join(import.meta.dirname, "..");
const typed = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => join(tests, file))
  .filter((file) => file !== import.meta.filename && readFileSync(file, "utf8").includes("expectTypeOf("));

// One program for all that is asked of the compiler: making one takes seconds.
const api = readApi([...ENTRIES, ...ENTRIES.map(nodeEntry)], typed);

describe("the public API", () => {
  it.each(ENTRIES)("of %s has exactly these names", (entry) => {
    const names = [...api.exportsOf(entry)].map(([name, symbol]) => `${kindOf(symbol)} ${name}`);
    expect(names.sort().join("\n")).toMatchSnapshot();
  });

  it.each(ENTRIES)("of %s is the same in Node", (entry) => {
    const browser = [...api.exportsOf(entry)].map(([name, symbol]) => `${kindOf(symbol)} ${name}`);
    const node = [...api.exportsOf(nodeEntry(entry))].map(([name, symbol]) => `${kindOf(symbol)} ${name}`);
    expect(node).toEqual(browser);
  });

  it.each(ADAPTERS)("of %s binds functions of the root, and adds its own adapter alone", (entry) => {
    const root = api.exportsOf("index.ts");
    const added = [...api.exportsOf(entry).keys()].filter((name) => !root.has(name));
    expect(added).toMatchSnapshot();
  });

  const binding = [...api.exportsOf("index.ts")]
    .filter(([, symbol]) => kindOf(symbol) === "function" && takesArrays(symbol))
    .map(([name]) => name);

  it.each(ADAPTERS)("of %s binds every function of the root that takes or makes arrays", (entry) => {
    expect(binding).toEqual(expect.arrayContaining(["save", "loadPytree", "setWeights", "serialize"]));
    expect(binding.filter((name) => !api.exportsOf(entry).has(name))).toEqual([]);
  });

  const documented = ENTRIES.flatMap((entry) =>
    [...api.exportsOf(entry)].map(([name, symbol]) => ({ entry, name, symbol })),
  );

  it.each(documented)("$name of $entry has a doc comment", ({ symbol }) => {
    expect(docOf(symbol)).not.toBe("");
  });

  it.each(ENTRIES)("of %s has a doc comment on every member of its interfaces", (entry) => {
    const bare = documented
      .filter(({ entry: of, name, symbol }) => of === entry && isDocumentedHere(name, symbol))
      .flatMap(({ name, symbol }) =>
        [...(symbol.members?.values() ?? [])]
          .filter((member) => member.flags & MEMBER && docOf(member) === "")
          .map((member) => `${name}.${member.name}`),
      );
    expect(bare).toEqual([]);
  });

  it("has a doc comment on every method and accessor of its classes", () => {
    const bare = documented
      .filter(({ entry, symbol }) => entry === "index.ts" && kindOf(symbol) === "class")
      .flatMap(({ name, symbol }) =>
        [...(symbol.members?.values() ?? []), ...(symbol.exports?.values() ?? [])]
          .filter((member) => isPublicMethod(member) && docOf(member) === "")
          .map((member) => `${name}.${member.name}`),
      );
    expect(bare).toEqual([]);
  });
});

describe("the types that tests expect", () => {
  it("are the ones that the compiler sees", () => {
    expect(typed.length).toBeGreaterThan(5);
    const { program } = api;
    const faults = typed.flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });
});

function isDocumentedHere(name: string, symbol: ts.Symbol): boolean {
  return kindOf(symbol) === "interface" && !PLATFORMS.test(name);
}

/** Whether a function has a parameter, its options, with a property `arrays`. */
function takesArrays(symbol: ts.Symbol): boolean {
  const signatures = api.checker.getTypeOfSymbol(symbol).getCallSignatures();
  return signatures.some(({ parameters }) =>
    parameters.some((parameter) => {
      const type = api.checker.getNonNullableType(api.checker.getTypeOfSymbol(parameter));
      return type.getProperty("arrays") !== undefined;
    }),
  );
}

function docOf(symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(api.checker)).trim();
}

function isPublicMethod(member: ts.Symbol): boolean {
  const method = ts.SymbolFlags.Method | ts.SymbolFlags.Accessor;
  if (!(member.flags & method) || member.name.startsWith("__@") || member.name.startsWith("#")) return false;
  return !(member.declarations ?? []).some(
    (declaration) =>
      ts.isPrivateIdentifier((declaration as ts.MethodDeclaration).name ?? declaration) ||
      ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === "internal"),
  );
}
