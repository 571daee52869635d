// The bundlers and compilers that the packed package is tried with: how each is called, and how its result is run.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { install, RUNTIMES, type Runtime } from "../runtimes/install.ts";
import { run } from "./run.ts";

/** The texts that a bundle has to print: by what it does in memory, and by what it does with paths. */
export interface Expected {
  readonly job: string;
  readonly files: string;
}

/** A way to bundle the package. */
export interface Bundler {
  readonly name: string;
  /** What is installed for it, with exact versions. */
  readonly packages: readonly string[];
  /** The runtime that bundles by itself. */
  readonly runtime?: Runtime;
  /** Bundles and runs; gives the lines that the programs printed, in the order of `prints`. */
  check(folder: string): Promise<readonly string[]>;
  /** What the lines have to be. */
  readonly prints: readonly (keyof Expected)[];
  /** Bundles `{ loadPytree }` for browsers, and gives the path. */
  size?(folder: string): Promise<string>;
}

/** What can't be tried on this machine, with the reason. */
export class Unavailable extends Error {}

const bin = (folder: string, name: string) => join(folder, "node_modules/.bin", name);

/** A bundler for browsers that is called with a config file; the bundles are at `out/NAME/ENTRY.mjs`. */
function forBrowsers(name: string, packages: readonly string[], args: readonly string[]): Bundler {
  const [program, ...rest] = args;
  const bundle = async (folder: string, entry: string) => {
    await run(bin(folder, program!), rest, folder, { ENTRY: entry, BUNDLER: name });
    return `out/${name}/${entry}.mjs`;
  };
  return {
    name,
    packages,
    prints: ["job"],
    check: async (folder) => lines(await run(process.execPath, [await bundle(folder, "main")], folder)),
    size: async (folder) => join(folder, await bundle(folder, "size")),
  };
}

const esbuildArgs = (entry: string, outfile: string, ...more: string[]) => [
  `${entry}.js`,
  "--bundle",
  "--format=esm",
  "--minify",
  `--outfile=${outfile}`,
  "--log-level=warning",
  ...more,
];

const esbuild: Bundler = {
  name: "esbuild",
  packages: ["esbuild@0.28.2"],
  prints: ["job", "job", "files"],
  async check(folder) {
    await run(bin(folder, "esbuild"), esbuildArgs("main", "out/esbuild/main.mjs"), folder);
    await run(
      bin(folder, "esbuild"),
      esbuildArgs("server", "out/esbuild/server.mjs", "--platform=node"),
      folder,
    );
    const browser = await run(process.execPath, ["out/esbuild/main.mjs"], folder);
    return lines(browser + (await run(process.execPath, ["out/esbuild/server.mjs"], folder)));
  },
  async size(folder) {
    await run(bin(folder, "esbuild"), esbuildArgs("size", "out/esbuild/size.mjs"), folder);
    return join(folder, "out/esbuild/size.mjs");
  },
};

const workerd: Bundler = {
  name: "workerd",
  packages: ["miniflare@4.20260730.0", "esbuild@0.28.2"],
  prints: ["job"],
  async check(folder) {
    const args = esbuildArgs("worker", "out/worker.mjs", "--conditions=workerd,worker,browser");
    await run(bin(folder, "esbuild"), args, folder);
    return lines(await run(process.execPath, ["miniflare.js", "out/worker.mjs"], folder));
  },
};

const next: Bundler = {
  name: "Next.js",
  packages: ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"],
  prints: ["job", "files"],
  async check(folder) {
    const app = join(folder, "next");
    const env = { NEXT_TELEMETRY_DISABLED: "1" };
    await run(bin(folder, "next"), ["build"], app, env);
    const port = await freePort();
    const server = spawn(bin(folder, "next"), ["start", "--port", String(port)], {
      cwd: app,
      env: { ...process.env, ...env },
      stdio: "ignore",
    });
    try {
      const page = await fetchWhenReady(`http://127.0.0.1:${port}/`);
      const [, text = page] = /<output>(.*?)<\/output>/.exec(page) ?? [];
      // The client's page is rendered on the server too, before its effects.
      await fetchWhenReady(`http://127.0.0.1:${port}/client`);
      const files = await fetchWhenReady(`http://127.0.0.1:${port}/files`);
      return [text.replaceAll("&quot;", '"'), files];
    } finally {
      server.kill("SIGKILL");
    }
  },
};

const runtime = (wanted: string) => RUNTIMES.find(({ name }) => name === wanted)!;

const bun: Bundler = {
  name: "bun build --compile",
  packages: [],
  runtime: runtime("bun"),
  prints: ["job", "files"],
  async check(folder) {
    const program = install(runtime("bun"));
    await run(program, ["build", "--compile", "server.js", "--outfile", "out/bun-server"], folder);
    return lines(await run(join(folder, "out/bun-server"), [], folder));
  },
};

const deno: Bundler = {
  name: "deno compile",
  packages: [],
  runtime: runtime("deno"),
  prints: ["job", "files"],
  async check(folder) {
    const program = install(runtime("deno"));
    const env = { DENO_DIR: join(folder, ".deno"), DENO_NO_UPDATE_CHECK: "1" };
    const args = ["compile", "--allow-all", "--node-modules-dir=manual", "--output", "out/deno-server"];
    try {
      await run(program, [...args, "server.js"], folder, env);
    } catch (error) {
      // The runtime part of compiled programs comes from dl.deno.land, and from nowhere else.
      if (/denort|dl\.deno\.land/.test(String(error))) throw new Unavailable("dl.deno.land is out of reach");
      throw error;
    }
    return lines(await run(join(folder, "out/deno-server"), [], folder));
  },
};

// Hermes has no async generators; Metro lowers them with Babel, esbuild does the same here.
const REACT_NATIVE = [
  "--target=es2020",
  "--format=iife",
  "--supported:async-generator=false",
  "--supported:for-await=false",
];

/** React Native: its compiler takes the bundle. Its engine is not published as a program, so nothing runs. */
const hermes: Bundler = {
  name: "Hermes (compiled, not run)",
  packages: ["hermes-compiler@260318099.0.8", "esbuild@0.28.2"],
  prints: [],
  async check(folder) {
    const { platform } = process;
    const system = platform === "win32" ? "win64" : platform === "darwin" ? "osx" : "linux64";
    const program = `node_modules/hermes-compiler/hermesc/${system}-bin/hermesc`;
    const args = esbuildArgs("main", "out/hermes/main.js", ...REACT_NATIVE);
    await run(bin(folder, "esbuild"), args, folder);
    await run(
      join(folder, program),
      ["-emit-binary", "-out", "out/hermes/main.hbc", "out/hermes/main.js"],
      folder,
    );
    return [];
  },
};

export const BUNDLERS: readonly Bundler[] = [
  forBrowsers("vite", ["vite@8.3.8"], ["vite", "build"]),
  forBrowsers(
    "rollup",
    ["rollup@4.68.8", "@rollup/plugin-node-resolve@16.0.3"],
    ["rollup", "-c", "--silent"],
  ),
  forBrowsers("webpack", ["webpack@5.112.2", "webpack-cli@7.3.1"], ["webpack"]),
  forBrowsers(
    "rspack",
    ["@rspack/core@2.3.3", "@rspack/cli@2.2.8"],
    ["rspack", "build", "-c", "webpack.config.js"],
  ),
  esbuild,
  workerd,
  next,
  bun,
  deno,
  hermes,
];

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function fetchWhenReady(url: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      const response = await fetch(url);
      const text = await response.text();
      if (!response.ok) throw new Error(`${url}: ${response.status} ${text.slice(0, 500)}`);
      return text;
    } catch (error) {
      if (tries === 100 || !(error instanceof TypeError)) throw error;
      await sleep(100);
    }
  }
}
