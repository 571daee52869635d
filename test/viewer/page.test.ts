import { describe, expect, it } from "vitest";
import type { TreeNode } from "../../src/cli/trees/node.ts";
import { type Change, sortChanges } from "../../viewer/src/compare/difference.ts";
import { groupFiles, type NamedFile, stepOf } from "../../viewer/src/open/input.ts";
import { stepInfoOf } from "../../viewer/src/steps/step-info.ts";
import { npyHeader } from "../../viewer/src/tensor/npy.ts";
import { pan, spansOf, zoom } from "../../viewer/src/tensor/view-window.ts";
import { outline } from "../../viewer/src/tree/outline.ts";
import { findTensors, Rows } from "../../viewer/src/tree/rows.ts";
import { visible } from "../../viewer/src/tree/spell.ts";

const files = (...paths: string[]): NamedFile[] => paths.map((path) => ({ path, file: new File([], path) }));
const kinds = (...paths: string[]) =>
  groupFiles(files(...paths)).map((checkpoint) =>
    checkpoint.kind === "shards" || checkpoint.kind === "index"
      ? `${checkpoint.kind} of ${checkpoint.shards.length}`
      : checkpoint.kind,
  );

describe("groupFiles", () => {
  it("joins an index with the shards beside it, and shards whose names count them", () => {
    expect(kinds("m.safetensors.index.json", "a.safetensors", "b.safetensors")).toEqual(["index of 2"]);
    expect(kinds("m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors")).toEqual(["shards of 2"]);
    expect(kinds("m-00001-of-00002.0123abcd.safetensors", "m-00002-of-00002.0123abcd.safetensors")).toEqual([
      "shards of 2",
    ]);
  });

  it("keeps files apart that only lie beside one another, and folders too", () => {
    expect(kinds("a.safetensors", "b.safetensors")).toEqual(["file", "file"]);
    expect(
      kinds(
        "step-00000001/model.safetensors.index.json",
        "step-00000001/x.safetensors",
        "step-00000002.safetensors",
      ),
    ).toEqual(["index of 1", "file"]);
  });

  it("leaves out what is beside a checkpoint, and opens a file of any name that is alone", () => {
    expect(kinds("config.json", "model.safetensors", "README.md")).toEqual(["file"]);
    expect(kinds("weights.bin")).toEqual(["file"]);
    expect(kinds("a.txt", "b.txt", "c.txt")).toEqual([]);
  });

  it("knows the steps of a run", () => {
    expect(stepOf("run/step-00001200.safetensors")).toBe(1200);
    expect(stepOf("step-00000007/model.safetensors.index.json")).toBe(7);
    expect(stepOf("first-step-1.safetensors")).toBeUndefined();
  });
});

describe("stepInfoOf", () => {
  it("reads what a manager writes, and takes nothing from strings that are not so", () => {
    const metadata = {
      "pytree2safetensors.metrics": '{"loss":0.5,"worst":"NaN"}',
      "pytree2safetensors.time": "2026-01-01T00:00:00.000Z",
    };
    expect([...stepInfoOf(metadata).metrics]).toEqual([
      ["loss", 0.5],
      ["worst", Number.NaN],
    ]);
    expect(stepInfoOf(metadata).time?.getUTCFullYear()).toBe(2026);
    for (const text of ["", "[1]", "null", "{", "7"]) {
      const info = stepInfoOf({ "pytree2safetensors.metrics": text, "pytree2safetensors.time": text });
      expect(info.metrics.size).toBe(0);
    }
  });
});

describe("the window of a heat map", () => {
  const whole = { rows: 100_000, columns: 4096 };
  const all = { top: 0, left: 0, ...whole };

  it("reads few enough places, and no more bytes than a picture may", () => {
    const { down, across } = spansOf(all, 4);
    expect(down.count).toBeLessThanOrEqual(512);
    expect(across.count).toBeLessThanOrEqual(512);
    expect(down.count * whole.columns * 4).toBeLessThanOrEqual(32 * 2 ** 20);
    expect(down.start + (down.count - 1) * down.step).toBeLessThan(whole.rows);
  });

  it("never leaves the matrix", () => {
    let view = all;
    for (const at of [
      { x: 1, y: 1 },
      { x: 0, y: 1 },
      { x: 0.5, y: 0.5 },
    ])
      view = zoom(view, 0.3, whole, at);
    for (const [x, y] of [
      [9, 9],
      [-99, -99],
      [0.25, 0],
    ] as const) {
      view = pan(view, x, y, whole);
      expect(view.top).toBeGreaterThanOrEqual(0);
      expect(view.left + view.columns).toBeLessThanOrEqual(whole.columns);
      expect(view.top + view.rows).toBeLessThanOrEqual(whole.rows);
    }
    expect(zoom(view, 1e9, whole)).toEqual(all);
  });
});

describe("the tree's rows", () => {
  const leaf = (label: string, name: string): TreeNode => ({
    label,
    name,
    kind: "tensor",
    dtype: "F32",
    shape: [2],
    children: [],
    tensors: 1,
    parameters: 2,
    bytes: 8,
  });
  const node = (label: string, name: string, children: TreeNode[]): TreeNode => ({
    label,
    name,
    kind: "dict",
    children,
    tensors: children.length,
    parameters: 2 * children.length,
    bytes: 8 * children.length,
  });
  const layers = [0, 1, 2].map((i) => node(`#${i}`, `l#${i}`, [leaf("@w", `l#${i}@w`)]));
  const root = node("", "", [node("l", "l", layers), leaf("z10", "z10"), leaf("z9", "z9")]);
  const labels = (unfolded: ReadonlySet<object>, sort: "file" | "name" | "size" = "file") =>
    new Rows(root).list({ unfolded, sort, foldEqual: true }).map((row) => row.node.label);

  it("folds equal layers, and unfolds the way to a tensor inside of them", () => {
    const rows = new Rows(root);
    const unfolded = new Set(rows.pathTo("l#1@w"));
    const found = rows.list({ unfolded, sort: "file", foldEqual: true });
    expect(found.map(({ node: { name }, run }) => (run ? `${name}×${run.length}` : name))).toContain("l#1@w");
    expect(found.some(({ run }) => run?.length === 3)).toBe(true);
  });

  it("sorts names as people count", () => {
    expect(labels(new Set())).toEqual(["l", "z10", "z9"]);
    expect(labels(new Set(), "name")).toEqual(["l", "z9", "z10"]);
  });

  it("finds names that have every word", () => {
    expect(findTensors(root, "#2 W", "file").map(({ node: { name } }) => name)).toEqual(["l#2@w"]);
  });

  it("shows the first level from names alone", () => {
    expect(outline(["a#0.w", "a#1.w", "@b@c", "d"], "pytree")).toEqual([
      { label: "a", tensors: 2 },
      { label: "@b", tensors: 1 },
      { label: "d", tensors: 1 },
    ]);
  });

  it("writes out what would hide or reorder text", () => {
    expect(visible("a\u202eb\n")).toBe("a\\u{202e}b\\u{a}");
    expect(visible("")).toBe('""');
    expect(visible("x".repeat(1e6)).length).toBeLessThan(3000);
  });
});

describe("sortChanges", () => {
  it("puts what has NaN on one side before every difference, and what is the same last", () => {
    const values = (maxAbs: number) => ({ maxAbs }) as Change["values"] & object;
    const changes: Change[] = [
      { kind: "same", name: "same" },
      { kind: "changed", name: "small", values: values(0.1) },
      { kind: "retyped", name: "middle", values: values(1) },
      { kind: "changed", name: "broken", values: values(Number.NaN) },
      { kind: "added", name: "new" },
    ];
    const names = sortChanges(changes, "max").map(({ name }) => name);
    expect(names).toEqual(["new", "broken", "middle", "small", "same"]);
  });
});

describe("npyHeader", () => {
  it("ends at a multiple of 64, for shapes of any rank", () => {
    for (const shape of [[], [3], [2, 3], Array(30).fill(1)]) {
      const header = npyHeader("F32", shape);
      expect(header.byteLength % 64).toBe(0);
      expect(header.at(-1)).toBe(0x0a);
    }
  });
});
