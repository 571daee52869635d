import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseHeader } from "../../src/format/header/header.ts";
import { JsonCursor } from "../../src/format/header/json.ts";
import { BOMBS, build, collidingNames } from "./bombs.ts";

interface Outcome {
  readonly code: string | null;
  readonly headerBytes: number;
  readonly extraBytes: number;
}

const MB = 2 ** 20;
const SIZE = 16 * MB;
// Measured: 5.1 at most, for objects of nothing but keys; most bombs take less than one. The constant is what a
// process's memory sways by.
const MOST = 7;
const CONSTANT = 32 * MB;

describe("a header made to cost memory", () => {
  const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-"));
  const program = join(folder, "child.mjs");

  beforeAll(() => {
    const entryPoints = [fileURLToPath(new URL("bomb-child.ts", import.meta.url))];
    buildSync({ entryPoints, bundle: true, format: "esm", platform: "node", outfile: program });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const explode = (index: number): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const child = fork(program, [String(index), String(SIZE)]);
      child.on("message", (outcome) => resolve(outcome as Outcome));
      child.on("error", reject);
      child.on("exit", (status) => reject(new Error(`the child ended with status ${status}`)));
    });

  it.each(BOMBS.map(({ name, code }, index) => ({ name, code: code ?? null, index })))(
    "costs a small multiple of its size: $name",
    async ({ code, index }) => {
      const outcome = await explode(index);
      expect(outcome.code).toBe(code);
      expect(outcome.extraBytes).toBeLessThan(MOST * outcome.headerBytes + CONSTANT);
    },
  );
});

describe("a bomb", () => {
  it.each(BOMBS)("is what it says at any size: $name", (bomb) => {
    const header = build(bomb, 8192);
    expect(header.length).toBeGreaterThan(5000);
    expect(header.length).toBeLessThan(12_000);
    const fileSize = 8 + header.length + (bomb.dataBytes?.(8192) ?? 0);
    const read = () => parseHeader(header, fileSize, undefined);
    if (bomb.code === undefined) expect(read().tensors.length).toBeGreaterThanOrEqual(0);
    else expect(read).toThrow(expect.objectContaining({ code: bomb.code }));
  });

  it("of colliding names has names of one hash", () => {
    const names = collidingNames();
    const hashes = Array.from({ length: 1000 }, () => {
      const cursor = new JsonCursor(new TextEncoder().encode(`"${names.next().value}"`));
      cursor.string();
      return cursor.hash;
    });
    expect(new Set(hashes).size).toBe(1);
  });

  it("of colliding names is read, and every name comes back", () => {
    const bomb = BOMBS.find(({ name }) => name.includes("collide"))!;
    const bytes = build(bomb, MB);
    const { tensors } = parseHeader(bytes, 8 + bytes.length, undefined);
    expect(tensors.length).toBeGreaterThan(10_000);
    const names = collidingNames();
    expect(tensors.every(({ name }) => name === names.next().value)).toBe(true);
  });
});
