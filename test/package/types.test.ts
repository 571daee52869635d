import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { createProgram } from "./api.ts";

const tests = join(import.meta.dirname, "..");

// `expectTypeOf` says nothing when it runs; what it claims only the compiler checks.
describe("the types that tests expect", () => {
  const files = readdirSync(tests, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(tests, file))
    .filter((file) => file !== import.meta.filename && readFileSync(file, "utf8").includes("expectTypeOf("));

  it("are the ones that the compiler sees", () => {
    expect(files.length).toBeGreaterThan(5);
    const program = createProgram(files);
    const faults = files.flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  });
});
