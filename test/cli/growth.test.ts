/** No command costs more than its files are long: steps and bytes of output are counted, never time. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileOf } from "./models.ts";
import { commandIn, p2s, temporaryFolder } from "./run.ts";
import { StepCounter } from "./steps.ts";

const folder = temporaryFolder();
commandIn(folder);
const counter = new StepCounter();

async function countSteps(work: () => Promise<unknown>): Promise<number> {
  await counter.take();
  await work();
  return counter.take();
}

/** A file of tensors of those names, a number each. */
function write(file: string, names: readonly string[], metadata?: Record<string, string>): void {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  names.forEach((name, i) => {
    header[name] = { dtype: "F32", shape: [1], data_offsets: [4 * i, 4 * i + 4] };
  });
  writeFileSync(file, fileOf(header, 4 * names.length));
}

const list = (count: number, nameOf: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => nameOf(i));
const FACTOR = 4;

/** Files of one kind by how large they are. */
const SHAPES: Readonly<
  Record<string, { readonly sizes: number; readonly names: (size: number) => string[] }>
> = {
  "many names": { sizes: 80, names: (size) => list(size, (i) => `layers#${i}.attention.weight`) },
  "many siblings": { sizes: 80, names: (size) => list(size, (i) => `@block_${i}_norm`) },
  "one huge name": { sizes: 4000, names: (size) => ["a", "x".repeat(size)] },
  "one huge name of separators": { sizes: 900, names: (size) => ["a", `b${"/c".repeat(size / 4)}`] },
  "one huge name of wide characters": { sizes: 4000, names: (size) => ["a", "宽".repeat(size)] },
  "one huge name of what is escaped": { sizes: 4000, names: (size) => ["a", "\u202e".repeat(size)] },
  "one huge name of digits": { sizes: 4000, names: (size) => ["a", `@${"1".repeat(size)}`] },
  "many huge names": { sizes: 16, names: (size) => list(size, (i) => `@${"y".repeat(1500)}${i}`) },
};

const COMMANDS: Readonly<Record<string, (file: string) => string[]>> = {
  tree: (file) => ["tree", file],
  "tree --all --sort": (file) => ["tree", file, "--all", "--sort", "size"],
  "tree --only": (file) => ["tree", file, "--only", "*"],
  ls: (file) => ["ls", file],
  info: (file) => ["info", file],
  stats: (file) => ["stats", file],
  "stats --all": (file) => ["stats", file, "--all", "--sort", "std"],
  "show --slice": (file) => ["show", file, "a*"],
  show: (file) => ["show", file],
  "diff with itself": (file) => ["diff", file, file],
  "diff with other names": (file) => ["diff", file, `renamed-${file}`],
  verify: (file) => ["verify", file],
  convert: (file) => ["convert", file, "-"],
  "convert --dry-run": (file) => ["convert", file, "out.safetensors", "-n", "--dtype", "bf16"],
  "convert --rename": (file) => ["convert", file, "out.safetensors", "-n", "--rename", "*=*_z", "--reindex"],
  merge: (file) => ["merge", file, "-o", "-"],
  "split --dry-run": (file) => ["split", file, "-o", "parts", "-n"],
  complete: (file) => ["complete", "--", "stats", file, ""],
};

beforeAll(async () => {
  await counter.start();
  for (const [kind, { sizes, names }] of Object.entries(SHAPES)) {
    for (const [which, size] of [
      ["small", sizes],
      ["large", FACTOR * sizes],
    ] as const) {
      const list = names(size);
      write(`${which} ${kind}.safetensors`, list);
      write(
        `renamed-${which} ${kind}.safetensors`,
        list.map((name) => `z${name}`),
      );
    }
  }
});

afterAll(() => counter.stop());

describe.each(Object.keys(SHAPES))("of a file of %s", (kind) => {
  it.each(Object.entries(COMMANDS))("%s costs as much as the file is long", async (_, call) => {
    const output = { small: 0, large: 0 };
    const run = (which: "small" | "large") =>
      countSteps(async () => {
        const { stdout, stderr } = await p2s(call(`${which} ${kind}.safetensors`));
        output[which] = stdout.length + stderr.length;
      });
    // The first run has what is done once only; a later one may have less where V8 has dropped a function.
    const [first, second, large] = [await run("small"), await run("small"), await run("large")];
    const small = Math.max(first, second);
    // Sorting takes a little more than its share; twice the factor would be a square of it.
    expect(large).toBeLessThan(1.6 * FACTOR * small);
    expect(output.large).toBeLessThan(1.6 * FACTOR * output.small + 2000);
  });
});

describe("metadata", () => {
  it("of many strings, and of long ones, is shown in as many steps", async () => {
    const steps = async (count: number, length: number) => {
      write(
        "metadata.safetensors",
        ["a"],
        Object.fromEntries(
          list(count, (i) => `key ${i} ${"k ".repeat(length)}`).map((key) => [
            key,
            `v ${"w ".repeat(length)}`,
          ]),
        ),
      );
      return countSteps(async () => {
        await p2s(["info", "metadata.safetensors"]);
        await p2s(["info", "metadata.safetensors"], { columns: 60 });
        await p2s(["diff", "metadata.safetensors", "metadata.safetensors"], { columns: 60 });
      });
    };
    await steps(10, 10);
    expect(await steps(800, 10)).toBeLessThan(1.6 * FACTOR * (await steps(200, 10)));
    expect(await steps(2, 80_000)).toBeLessThan(1.6 * FACTOR * (await steps(2, 20_000)));
  });
});

describe("what is not for a terminal", () => {
  it.each(["tree", "stats", "info"])("has no rows of %s padded to a name of a megabyte", async (command) => {
    write("one-of-many.safetensors", [
      ...list(500, (i) => `@w${i % 2 ? "x" : "y"}${i}`),
      `@${"n".repeat(1_000_000)}`,
    ]);
    const { stdout } = await p2s([command, "one-of-many.safetensors"]);
    expect(stdout.length).toBeLessThan(1000 * 500);
  });

  it("has the whole of such a name from ls, once", async () => {
    const { stdout } = await p2s(["ls", "one-of-many.safetensors"]);
    expect(stdout.length).toBeLessThan(1_100_000);
    expect(stdout).toContain("n".repeat(1_000_000));
  });
});
