import { execFile } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { compile, exportedBy } from "./compile.ts";
import { GIVEN } from "./given.ts";
import { allSnippets, beforeOf, type Snippet } from "./snippets.ts";

const root = join(import.meta.dirname, "../../..");
const consumer = inject("consumer");
const exported = exportedBy(consumer);
const snippets = allSnippets();
const whereOf = ({ file, line }: Snippet) => `${file}:${line}`;

// What isn't installed here, as far as the blocks use it.
const ABSENT = `declare module "@aws-sdk/credential-providers" {
  export function fromIni(): () => Promise<{ accessKeyId: string; secretAccessKey: string }>;
}`;

describe("the examples that the documentation shows", () => {
  it("start with examples/quickstart.ts", () => {
    const quickstart = readFileSync(join(root, "examples/quickstart.ts"), "utf8");
    const first = snippets.find(({ whole }) => whole);
    expect(first).toMatchObject({ file: "README.md", code: quickstart });
    expect(first!.printed).toBeDefined();
  });

  it("are given only what one of them needs", () => {
    const used = new Set(snippets.map(({ given }) => given));
    expect(Object.values(GIVEN).flatMap((entries) => entries.filter((entry) => !used.has(entry)))).toEqual(
      [],
    );
  });

  it("compile in a strict project, against the published declarations", () => {
    const checked = new Map(
      snippets
        .filter(({ language }) => language === "ts")
        .map((snippet, i) => [join(consumer, `snippet-${i}.ts`), snippet]),
    );
    const files = new Map([[join(consumer, "absent.d.ts"), ABSENT]]);
    for (const [path, snippet] of checked) {
      files.set(path, `${beforeOf(snippet, exported)}${snippet.code}export {};\n`);
    }
    const errors = ts.getPreEmitDiagnostics(compile(files)).map(({ file, start, messageText }) => {
      const snippet = checked.get(file?.fileName ?? "");
      const message = ts.flattenDiagnosticMessageText(messageText, "\n");
      if (!file || !snippet) return `${file?.fileName}: ${message}`;
      const line = file.getLineAndCharacterOfPosition(start!).line;
      const before = beforeOf(snippet, exported).split("\n").length - 1;
      return line < before
        ? `${whereOf(snippet)}, in what it is given: ${file.text.split("\n")[line]}: ${message}`
        : `${snippet.file}:${snippet.line + 1 + line - before}: ${message}`;
    });
    expect(errors).toEqual([]);
  });
});

describe("the examples that the documentation shows run", () => {
  let server: ReturnType<typeof createServer>;
  let url: string;
  beforeAll(async () => {
    server = createServer(serve);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const run = snippets.filter(({ given }) => !given?.notRun && !given?.inPage);
  it.concurrent.each(run.map((snippet) => [whereOf(snippet), snippet] as const))(
    "%s",
    async (where, snippet) => {
      const name = where.replaceAll(/\W/g, "-");
      const folder = join(consumer, name);
      mkdirSync(folder);
      const code = `${beforeOf(snippet, exported)}${checkValues(snippet)}`.replaceAll(
        /https:\/\/(?:store\.)?example\.com/g,
        `${url}/${name}`,
      );
      const settings = { loader: "ts", format: "esm", target: "node20" } as const;
      writeFileSync(join(folder, "example.mjs"), transformSync(code, settings).code);
      const { stdout } = await promisify(execFile)(process.execPath, ["example.mjs"], { cwd: folder });
      if (snippet.printed !== undefined) expect(stdout).toBe(snippet.printed);
    },
  );
});

/** Serves the folders of the examples, with ranges, and takes uploads. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET") {
    request.resume().on("end", () => response.writeHead(204).end());
    return;
  }
  const path = join(consumer, request.url!);
  if (!existsSync(path)) {
    response.writeHead(404).end();
    return;
  }
  const { size } = statSync(path);
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const [start, end] = range ? [Number(range[1]), Math.min(Number(range[2]), size - 1)] : [0, size - 1];
  response.writeHead(range ? 206 : 200, {
    "content-length": end - start + 1,
    ...(range && { "content-range": `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(path, { start, end }).pipe(response);
}

/** Asserts what a doc comment says behind an expression: `pytree2dict({ w: 1 }); // { "@w": 1 }`. */
function checkValues({ code, file }: Snippet): string {
  if (!file.startsWith("src/")) return code;
  const checked = code.replaceAll(
    /^(\w[\w.]*(?:[([].*)?); \/\/ (.+)$/gm,
    (line, value: string, says: string) =>
      /^(await|console|stream)\b/.test(value)
        ? line
        : `same(${value}, ${JSON.stringify(says)}, () => (${says}));`,
  );
  if (checked === code) return code;
  return `import assert from "node:assert";
function same(value, text, said) {
  if ([String(value), value?.constructor?.name].includes(text)) return;
  assert.deepEqual(value?.toArray?.() ?? value, said());
}
${checked}`;
}
