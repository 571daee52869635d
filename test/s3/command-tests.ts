// What the command does with s3: addresses, against a server that the world runs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { savePytree, Tensor } from "pytree2safetensors";
import { run } from "../../src/cli/program.ts";
import { createTerminal, type Outlet } from "../../src/cli/terminal/terminal.ts";
import { describe, equal, it, ok } from "../runtimes/harness.ts";
import type { S3Server } from "./servers.ts";
import { keysOf, storeOf } from "./support.ts";

export function commandTests(server: S3Server): void {
  describe(`the command on ${server.name}`, () => {
    it("reads and writes s3: addresses, and keeps what it reads", async () => {
      const folder = mkdtempSync(join(tmpdir(), "p2s-s3-"));
      const { accessKeyId, secretAccessKey } = server.credentials;
      const before = process.env;
      process.env = {
        ...before,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_REGION: "us-east-1",
        AWS_ENDPOINT_URL_S3: server.url,
      };
      try {
        const local = join(folder, "model.safetensors");
        const layer = () => ({ w: new Tensor("F32", [64, 64], new Float32Array(4096).fill(0.5)) });
        await savePytree({ layers: [layer(), layer(), layer()], step: 7 }, local);
        const base = `s3://${server.bucket}/command`;
        const p2s = async (...args: string[]) => {
          const result = await command(args);
          ok(!(result.stdout + result.stderr).includes(secretAccessKey), "a secret is printed");
          return result;
        };
        const fine = async (...args: string[]) => {
          const result = await p2s(...args);
          equal({ code: result.code, stderr: result.stderr }, { code: 0, stderr: "" }, args.join(" "));
          return result.stdout;
        };
        await fine("convert", local, `${base}/model.safetensors`);
        ok((await fine("tree", `${base}/model.safetensors`)).includes("12.3 k"), "tree");
        await fine("diff", local, `${base}/model.safetensors`);
        await fine("convert", `${base}/model.safetensors`, `${base}/shards/`, "--shard", "20KB");
        await fine("diff", local, `${base}/shards/`, "--no-metadata");
        await fine("verify", `${base}/shards/model.safetensors.index.json`);
        await fine("split", `${base}/model.safetensors`, "-o", `${base}/parts`, "--keys", "pytree");
        await fine("convert", `${base}/model.safetensors`, `${base}/model.safetensors`, "--dtype", "bf16");
        ok((await fine("ls", `${base}/model.safetensors`)).includes("BF16"), "rewritten in place");
        const refused = await p2s(
          "convert",
          `${base}/shards/`,
          `${base}/shards/`,
          "--shard",
          "9KB",
          "--drop",
          "@step",
        );
        equal(refused.code, 2, "over what it reads");
        ok(refused.stderr.includes("would replace or remove"), refused.stderr);
        const keys = await keysOf(storeOf(server, "command"));
        ok(keys.includes("shards/model.safetensors.index.json"), keys.join(" "));
        ok(
          keys.some((key) => key.startsWith("parts/")),
          keys.join(" "),
        );
      } finally {
        process.env = before;
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}

async function command(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const texts = { stdout: "", stderr: "" };
  const outlet = (name: keyof typeof texts) =>
    new Writable({
      write(chunk, _encoding, done) {
        texts[name] += chunk;
        done();
      },
    }) as Outlet;
  const terminal = createTerminal({
    stdin: (async function* () {})(),
    stdout: outlet("stdout"),
    stderr: outlet("stderr"),
    colors: { stdout: 0, stderr: 0 },
    unicode: true,
    signal: new AbortController().signal,
    now: () => 0,
  });
  return { code: await run(args, terminal), ...texts };
}
