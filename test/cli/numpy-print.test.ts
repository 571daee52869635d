import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { save, Tensor } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { type Element, printArray } from "../../src/cli/numpy/print.ts";
import { commandIn, temporaryFolder } from "./run.ts";

// Made by numpy 2.4: arrays of all kinds with what `str` makes of them.
const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8"));
const whole: { dtype: "F32"; shape: number[]; elements: unknown[]; text: string }[] = read("numpy.json");
const small: typeof whole = read("ml-dtypes.json");
const corners: { shape: number[]; text: string }[] = read("numpy-corners.json");

const fix = (element: unknown): Element => {
  if (Array.isArray(element)) return element.map(fix) as unknown as Element;
  return (typeof element === "string" ? Number(element.replace("inf", "Infinity")) : element) as Element;
};

describe("printArray", () => {
  it.each([...whole, ...small].map((array, i) => ({ i, ...array })))(
    "prints array $i, $dtype of shape $shape, as numpy does",
    ({ text, ...array }) => {
      expect(printArray({ ...array, kept: array.shape, elements: array.elements.map(fix) }, 75)).toBe(text);
    },
  );
});

describe("p2s show", () => {
  const folder = temporaryFolder();
  const p2s = commandIn(folder);

  beforeAll(async () => {
    const arrays = corners.map(({ shape }, i) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [
        `a${i}`,
        new Tensor(
          "I32",
          shape,
          Int32Array.from({ length: size }, (_, k) => k),
        ),
      ];
    });
    writeFileSync(join(folder, "corners.safetensors"), save(Object.fromEntries(arrays)));
  });

  it.each(corners.map((array, i) => ({ i, ...array })))(
    "prints the corners of shape $shape as numpy does",
    async ({ i, text }) => {
      const { stdout } = await p2s(["show", "corners.safetensors", `a${i}`]);
      expect(stdout.slice(stdout.indexOf("\n") + 1)).toBe(`${text}\n`);
    },
  );

  it.each([
    ["0:2, :3", "[[0 1 2]\n [40 41 42]]".replace("[0 1 2]", "[ 0  1  2]")],
    ["-1, -3:", "[3997 3998 3999]"],
    ["[..., 5]", undefined],
    ["::50, 0", "[   0 2000]"],
    ["3, 4", "124"],
    ["5:2", "[]"],
  ])("takes the slice %s", async (slice, text) => {
    const { stdout, code } = await p2s(["show", "corners.safetensors", "a1", `--slice=${slice}`]);
    expect(code).toBe(0);
    if (text !== undefined) expect(stdout.slice(stdout.indexOf("\n") + 1)).toBe(`${text}\n`);
    else expect(stdout).toContain("I32[100]\n[   5   45   85");
  });

  it.each(["0, 0, 0", "100", "a", "::-1", "0.5"])("refuses the slice %s", async (slice) => {
    const { code, stdout, stderr } = await p2s(["show", "corners.safetensors", "a1", `--slice=${slice}`]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("--slice");
  });

  it("gives programs the values of a slice, nested", async () => {
    const { stdout } = await p2s(["show", "corners.safetensors", "a1", "-s", ":2, 38:", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      dtype: "I32",
      shape: [2, 2],
      values: [
        [38, 39],
        [78, 79],
      ],
    });
  });

  it("takes one tensor, and says which a pattern matches", async () => {
    const { code, stderr } = await p2s(["show", "corners.safetensors", "a*"]);
    expect(code).toBe(2);
    expect(stderr).toContain('"a*" matches 4 tensors');
  });
});
