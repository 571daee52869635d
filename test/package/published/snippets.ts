/** The blocks of code in the documentation: those of its pages, and those of the doc comments of `src/`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Exported } from "./compile.ts";
import { GIVEN, type Given } from "./given.ts";

const root = join(import.meta.dirname, "../../..");

/** A block of code, and where it stands. */
export interface Snippet {
  readonly file: string;
  /** The line of its fence, counted from 1. */
  readonly line: number;
  readonly language: "ts" | "js";
  readonly code: string;
  /** Whether the page says that it is a whole program: ```ts run. */
  readonly whole: boolean;
  /** What it prints, from the ```text block behind it; undefined if the page doesn't say. */
  readonly printed: string | undefined;
  readonly given: Given | undefined;
}

export function allSnippets(): Snippet[] {
  const pages = [...list(""), "site/home.md", ...list("docs/", true)].filter((name) => name.endsWith(".md"));
  const sources = list("src/", true).filter((name) => name.endsWith(".ts"));
  return [...pages, ...sources].flatMap(snippetsOf);
}

/** What stands before a block in its program: the imports that it leaves to the text, and what it is given. */
export function beforeOf({ code, given }: Snippet, exported: Exported): string {
  let before = `${given?.before ?? ""}\n`;
  if (/^import /m.test(code)) return before;
  for (const entry of ["", "/training"]) {
    const used = exported(entry).filter((name) => new RegExp(`(?<![\\w.])${name}\\b`).test(code));
    if (used.length > 0) before += `import { ${used.join(", ")} } from "pytree2safetensors${entry}";\n`;
  }
  return before;
}

/** The files of a folder, with "/" in their paths. */
function list(folder: string, recursive = false): string[] {
  return readdirSync(join(root, folder), { recursive, encoding: "utf8" }).map(
    (name) => folder + name.replaceAll("\\", "/"),
  );
}

function snippetsOf(file: string): Snippet[] {
  const text = readFileSync(join(root, file), "utf8").replaceAll("\r\n", "\n");
  const margin = file.endsWith(".ts") ? " *\\* ?" : "";
  const fence = `^${margin}\`\`\``;
  const printed = "(?:\\s*```text\\n(.*?)^```$)?";
  const block = new RegExp(`${fence}(ts|js)( run)?\\n(.*?)${fence}\\n${printed}`, "gms");
  return [...text.matchAll(block)].map(({ 1: language, 2: run, 3: lines, 4: printed, index }) => {
    const code = lines!.replace(new RegExp(`^${margin}`, "gm"), "");
    return {
      file,
      line: text.slice(0, index).split("\n").length,
      language: language as "ts" | "js",
      code,
      whole: run !== undefined,
      printed,
      given: GIVEN[file]?.find(({ starts }) => code.startsWith(starts)),
    };
  });
}
