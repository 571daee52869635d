// The recipe of docs/recipes/bucket.md: four processes write one checkpoint, four read it, each its rows.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, equal, it, ok } from "../runtimes/harness.ts";
import { startFaultyProxy } from "./faulty-proxy.ts";
import type { S3Server } from "./servers.ts";

const root = join(import.meta.dirname, "../..");
const COUNT = 4;
const TENSORS = 8;
const TENSOR_BYTES = 1024 * 512 * 4;
// What opening a file reads at most, and what an answer without a body has around it.
const HEAD_BYTES = 65_536;

interface Run {
  readonly output: string;
  readonly moved: { up: number; down: number };
}

/** Runs a program of the recipe, with a proxy of its own that counts what it moves. */
async function run(server: S3Server, program: string, rank: number): Promise<Run> {
  const proxy = await startFaultyProxy(server.url, {});
  try {
    const args = ["--import", "tsx", join(root, "examples/bucket", program)];
    const child = spawn("node", [...args, String(rank), String(COUNT), `s3://${server.bucket}/runs/7`], {
      cwd: root,
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: proxy.url,
        AWS_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    equal(code, 0, `${program} ${rank}`);
    return { output, moved: proxy.moved };
  } finally {
    await proxy.close();
  }
}

export function bucketTests(server: S3Server): void {
  describe(`a checkpoint that four processes share, on ${server.name}`, () => {
    it("is what the recipe shows", () => {
      const page = readFileSync(join(root, "docs/recipes/bucket.md"), "utf8");
      for (const program of ["write.ts", "read.ts"]) {
        const code = readFileSync(join(root, "examples/bucket", program), "utf8");
        ok(page.includes(`\`\`\`ts\n${code}\`\`\`\n`), program);
      }
    });

    it("is written and read by each for its own part", async () => {
      const all = Array.from({ length: COUNT }, (_, rank) => rank);
      const writers = await Promise.all(all.map((rank) => run(server, "write.ts", rank)));
      const readers = await Promise.all(all.map((rank) => run(server, "read.ts", rank)));
      const own = (TENSORS * TENSOR_BYTES) / COUNT;
      for (const [rank, { moved }] of writers.entries()) {
        ok(moved.up >= own && moved.up < own + 4096, `writer ${rank} sent ${moved.up}`);
        const bound = rank === 0 ? COUNT * HEAD_BYTES + 100_000 : 1024;
        ok(moved.down < bound, `writer ${rank} received ${moved.down}`);
      }
      const lines = Array.from({ length: TENSORS }, (_, layer) => `layers#${layer}.w 256x512 ${layer}`);
      for (const [rank, { moved, output }] of readers.entries()) {
        equal(output.trim().split("\n").sort(), lines, `rows of reader ${rank}`);
        equal(moved.up, 0, `what reader ${rank} sent`);
        ok(moved.down >= own && moved.down < own + (COUNT + 1) * HEAD_BYTES, `reader ${rank}: ${moved.down}`);
      }
      const list = (of: readonly Run[]) => of.map(({ moved }) => `${moved.up}/${moved.down}`).join(" ");
      console.log(`bytes sent/received by writers: ${list(writers)}; by readers: ${list(readers)}`);
    });
  });
}
