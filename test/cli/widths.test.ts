/** Nothing wraps: no line is longer than the terminal is wide, save the full names of `ls` and what can't be cut. */
import { writeFileSync } from "node:fs";
import { save } from "pytree2safetensors";
import stringWidth from "string-width";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);
const LONG = "transformer.decoder.block_with_a_long_name";

beforeAll(async () => {
  await writeModels(folder);
  const names = [0, 1, 2].map((i) => `${LONG}.${i}.self_attention.query_projection.weight`);
  const metadata = { [`${LONG}.key`]: LONG.repeat(4), note: "words and more words ".repeat(8) };
  const wide = `${LONG}.${"宽".repeat(30)}`;
  const tensors = Object.fromEntries([...names, wide].map((name, i) => [name, Float32Array.of(i, 2, 3)]));
  writeFileSync("long.safetensors", save(tensors, { metadata }));
  writeFileSync(
    "longer.safetensors",
    save({ ...tensors, [names[0]!]: Float32Array.of(9, 2, 3), [`${wide}2`]: 1 }),
  );
  await p2s(["convert", "long.safetensors", "half.safetensors", "--dtype", "bf16"]);
});

describe.each([30, 40, 57, 80, 120])("a terminal of %i columns", (columns) => {
  it.each([
    ["tree", "long.safetensors"],
    ["tree", "long.safetensors", "nf4.safetensors", "state.safetensors"],
    ["info", "long.safetensors", "nf4.safetensors"],
    ["stats", "long.safetensors"],
    ["stats", "long.safetensors", "--all", "-p", "5,50,95"],
    ["stats", "long.safetensors", `${LONG}.1`],
    ["show", "long.safetensors", `${LONG}.1`],
    ["diff", "long.safetensors", "longer.safetensors"],
    ["diff", "long.safetensors", "half.safetensors", "-t", "1"],
    ["convert", "long.safetensors", "x.safetensors", "-n"],
    ["convert", "long.safetensors", "x.safetensors", "-n", "--rename", "transformer=other"],
    ["split", "long.safetensors", "-o", "x", "-n", "--depth", "3"],
  ])("holds every line of %s %s %s %s", async (...args) => {
    const { stdout } = await p2s(args, { columns });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter((line) => stringWidth(line) > columns)).toEqual([]);
  });

  it("tells rows with names that begin and end alike apart", async () => {
    const { stdout } = await p2s(["tree", "model.safetensors", "--all"], { columns });
    for (const i of [0, 5]) expect(stdout).toContain(`#${i}`);
  });
});
