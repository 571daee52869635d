/** Runs the blocks of code of the documentation that need a page, each in a page of its own in Chromium. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { type Exported, exportedBy } from "../../test/package/published/compile.ts";
import { allSnippets, beforeOf, type Snippet } from "../../test/package/published/snippets.ts";
import type { Result } from "../../test/runtimes/harness.ts";
import type { Consumer } from "../runtimes/consumer.ts";
import { root } from "../runtimes/npm.ts";
import { installed } from "./bundle.ts";
import { ARGS, CHROMIUM } from "./chromium.ts";
import { requireProgram } from "./debian.ts";

const FINISHED = "finished";

export async function runSnippets(consumer: Consumer): Promise<Result[]> {
  const exported = exportedBy(consumer.folder);
  const executablePath = requireProgram(CHROMIUM, "chromium");
  const browser = await chromium.launch({ executablePath, args: ARGS });
  try {
    const results: Result[] = [];
    for (const snippet of allSnippets().filter(({ given }) => given?.inPage)) {
      const started = performance.now();
      const error = await run(browser, await bundle(snippet, exported, consumer));
      const milliseconds = performance.now() - started;
      const name = `${snippet.file}:${snippet.line}`;
      results.push(error === undefined ? { name, milliseconds } : { name, milliseconds, error });
    }
    return results;
  } finally {
    await browser.close();
  }
}

async function bundle(snippet: Snippet, exported: Exported, consumer: Consumer): Promise<string> {
  const program = beforeOf(snippet, exported) + snippet.code;
  const contents = `${program.replaceAll("https://example.com", "")}document.title = "${FINISHED}";`;
  const { outputFiles } = await build({
    stdin: { contents, loader: "ts", resolveDir: root },
    // The frameworks, of which the consumer has none of its own.
    nodePaths: [join(root, "node_modules")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    tsconfigRaw: {},
    plugins: [installed(consumer)],
  });
  return outputFiles[0]!.text;
}

/** Opens a page that runs a script; gives the first error that nobody caught. */
async function run(browser: Browser, script: string): Promise<string | undefined> {
  const server = createServer(site(script));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const failed = new Promise<string>((resolve) => {
      page.on("pageerror", (error) => resolve(String(error.stack ?? error)));
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const finished = page.waitForFunction((title) => document.title === title, FINISHED, { timeout: 30_000 });
    return await Promise.race([
      failed,
      finished.then(
        () => undefined,
        (error: Error) => error.message,
      ),
    ]);
  } finally {
    await context.close();
    server.close();
  }
}

/** A page with a script, and the files that it uploads. */
function site(script: string): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const files = new Map<string, { readonly type: string; readonly body: Buffer | string }>([
    ["/", { type: "text/html", body: '<!doctype html><script type="module" src="script.js"></script>' }],
    ["/script.js", { type: "text/javascript", body: script }],
  ]);
  return async (request, response) => {
    if (request.method === "PUT") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      files.set(request.url!, { type: "application/octet-stream", body: Buffer.concat(chunks) });
    }
    const file = files.get(request.url!);
    response.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain" }).end(file?.body);
  };
}
