/** Several files, natural order, full names; `stats` in its orders; lists numbered anew. */
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { loadPytree, openSafetensors, PyTreeContainer, save, savePytree } from "pytree2safetensors";
import { beforeAll, describe, expect, it } from "vitest";
import { inNaturalOrder, naturalCompare } from "../../src/cli/trees/natural.ts";
import { writeModels } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);
const LONG = `layer.${"very_".repeat(100)}long.weight`;

async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await p2s(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

beforeAll(async () => {
  await writeModels(folder);
  const names = Array.from({ length: 12 }, (_, i) => [`layers.${i}.w`, new Float32Array(i + 1)] as const);
  writeFileSync("twelve.safetensors", save({ ...Object.fromEntries(names), [LONG]: new Int8Array(1) }));
});

describe("naturalCompare", () => {
  it("puts numbers in their order", () => {
    expect(inNaturalOrder(["a10", "a2", "a", "b1", "a02", "a2b", "a1.10", "a1.9"])).toEqual([
      "a",
      "a1.9",
      "a1.10",
      "a2",
      "a2b",
      "a02",
      "a10",
      "b1",
    ]);
  });

  it("is an order: total, and consistent in any three", () => {
    const name = fc.stringMatching(/^[a0-9.]{0,6}$/);
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(naturalCompare(a, b)) + Math.sign(naturalCompare(b, a))).toBe(0);
        expect(naturalCompare(a, b) === 0).toBe(a === b);
        if (naturalCompare(a, b) <= 0 && naturalCompare(b, c) <= 0)
          expect(naturalCompare(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("p2s ls", () => {
  it("lists full names in natural order, with bytes, dtype and shape", async () => {
    const list = await lines("ls", "twelve.safetensors");
    expect(list.map((line) => line.trim().split(/\s+/))).toEqual([
      ["1", "I8", "[1]", LONG],
      ...Array.from({ length: 12 }, (_, i) => [String(4 * i + 4), "F32", `[${i + 1}]`, `layers.${i}.w`]),
    ]);
  });

  it("does not cut names in a narrow terminal", async () => {
    expect((await p2s(["ls", "twelve.safetensors"], { columns: 40 })).stdout).toContain(LONG);
  });

  it("says which file a line is of", async () => {
    const list = await lines(
      "ls",
      "twelve.safetensors",
      "torch.safetensors",
      "--only",
      "*.w",
      "--only",
      "l*",
    );
    expect(list[0]).toMatch(/^twelve\.safetensors /);
    expect(list.at(-1)).toMatch(/^torch\.safetensors .* ln_f\.weight$/);
  });

  it("sorts by size and as the file has them", async () => {
    expect((await lines("ls", "twelve.safetensors", "--sort", "size"))[0]).toContain("layers.11.w");
    await using file = await openSafetensors("torch.safetensors");
    const inFile = await lines("ls", "torch.safetensors", "--sort", "file");
    expect(inFile.map((line) => line.split(" ").at(-1))).toEqual(file.names);
  });
});

describe("several files", () => {
  it("are shown one after the other by tree and info", async () => {
    for (const command of ["tree", "info"]) {
      const [one, two] = [
        (await lines(command, "torch.safetensors")).join("\n"),
        (await lines(command, "state.safetensors")).join("\n"),
      ];
      expect((await lines(command, "torch.safetensors", "state.safetensors")).join("\n")).toBe(
        `${one}\n\n${two}`,
      );
    }
  });

  it("are a list for programs", async () => {
    const { stdout } = await p2s(["info", "torch.safetensors", "state.safetensors", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ file: "torch.safetensors" }, { file: "state.safetensors" }]);
  });
});

describe("p2s show without a key", () => {
  it("shows the only tensor", async () => {
    writeFileSync("one.safetensors", save({ x: Float32Array.of(1, 2) }));
    expect(await lines("show", "one.safetensors")).toEqual(["x  F32[2]", "[1. 2.]"]);
  });

  it("lists names where there are several", async () => {
    const { code, stdout, stderr } = await p2s(["show", "torch.safetensors"]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(11);
    expect(stderr).toContain("11 tensors");
    expect(await p2s(["show", "torch.safetensors", "--json"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("p2s stats", () => {
  it("folds equal layers with the figures of all together", async () => {
    const [, row] = await lines("stats", "torch.safetensors", "h.*.attn.bias");
    expect(row).toMatch(/^h\.0…2\.attn\.bias ×3 +F32 +72 /);
    expect(await lines("stats", "torch.safetensors", "h.*.attn.bias", "--all")).toHaveLength(5);
  });

  it("does not fold what is of another shape", async () => {
    const rows = await lines("stats", "twelve.safetensors", "layers");
    expect(rows).toHaveLength(14);
  });

  it.each([
    ["count", "layers.11.w"],
    ["std", "wte.weight"],
  ])("sorts by %s", async (by, first) => {
    const file = by === "count" ? "twelve.safetensors" : "torch.safetensors";
    const [, row] = await lines("stats", file, "--all", "--sort", by);
    expect(row).toContain(by === "count" ? first : "F32");
    const { stdout } = await p2s(["stats", file, "--sort", by, "--json"]);
    const figures = JSON.parse(stdout).tensors.map((tensor: Record<string, number>) => tensor[by]);
    expect(figures).toEqual([...figures].sort((a, b) => b - a));
  });
});

describe("p2s convert --reindex", () => {
  it("closes the gaps that dropped layers leave in names", async () => {
    for (const [file, layer] of [
      ["torch.safetensors", "h.1"],
      ["model.safetensors", "layers#3"],
    ]) {
      await lines("convert", file!, "gap.safetensors", "--drop", layer!, "--reindex");
      await using opened = await openSafetensors("gap.safetensors");
      const indices = opened.names.flatMap((name) => /(?:h\.|layers#)(\d+)/.exec(name)?.[1] ?? []);
      expect([...new Set(indices)].sort()).toEqual(
        Array.from({ length: file === "torch.safetensors" ? 2 : 5 }, (_, i) => String(i)),
      );
    }
  });

  it("closes them where structure metadata tells of more, and keeps that", async () => {
    const layer = (i: number) => new PyTreeContainer({ w: Float32Array.of(i), empty: {}, none: null });
    await savePytree({ layers: [layer(0), layer(1), layer(2)] }, "three.safetensors", { flush: false });
    await lines("convert", "three.safetensors", "two.safetensors", "--drop", "@layers#1", "--reindex");
    const tree = (await loadPytree("two.safetensors")) as {
      layers: { w: { data: unknown }; empty: unknown }[];
    };
    expect(tree.layers.map(({ w }) => w.data)).toEqual([Float32Array.of(0), Float32Array.of(2)]);
    expect(tree.layers[1]).toMatchObject({ empty: {}, none: null });
  });
});

describe("convert", () => {
  it("puts every tensor at a multiple of its element's width, whatever the input", async () => {
    const header =
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}';
    const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.alloc(5)]);
    bytes.writeBigUInt64LE(BigInt(header.length));
    writeFileSync("odd.safetensors", bytes);
    await lines("convert", "odd.safetensors", "even.safetensors");
    const unaligned = async (file: string) =>
      JSON.parse((await p2s(["info", file, "--json"])).stdout).unaligned;
    expect(await unaligned("odd.safetensors")).toBe(1);
    expect(await unaligned("even.safetensors")).toBe(0);
    await lines("convert", "odd.safetensors", "asked.safetensors", "--align");
    expect(readFileSync("asked.safetensors")).toEqual(readFileSync("even.safetensors"));
  });
});
