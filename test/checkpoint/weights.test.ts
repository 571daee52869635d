import { describe, expect, expectTypeOf, it } from "vitest";
import {
  load,
  loadIntoPytree,
  openSafetensors,
  PyTreeContainer,
  registerDataclass,
  save,
  setWeights,
  Tensor,
  type WeightsReport,
} from "../../src/index.node.ts";
import { CountingSource } from "./counting-source.ts";

class Mlp {
  layers: { w: Tensor }[];
  activation: (x: number) => number;
  constructor(layers: { w: Tensor }[], activation: (x: number) => number) {
    this.layers = layers;
    this.activation = activation;
  }
}
registerDataclass(Mlp, { metaFields: ["activation"] });

const zeros = (n: number) => new Tensor("F32", [n], new Float32Array(n));
const ones = (n: number) => new Tensor("F32", [n], new Float32Array(n).fill(1));

describe("setWeights", () => {
  it("replaces the leaves that the dict has, and keeps the others and the template", () => {
    const template = { a: zeros(2), b: [zeros(3), "static", null] as const };
    const result = setWeights(template, { "@a": ones(2) });
    expectTypeOf(result).toEqualTypeOf(template);
    expect(result.a.equals(ones(2))).toBe(true);
    expect(result.b).toEqual(template.b);
    expect(template.a.equals(zeros(2))).toBe(true);
  });

  it("keeps registered classes with their static fields, and the order of dicts", () => {
    const relu = (x: number) => Math.max(0, x);
    const template = new Mlp([{ w: zeros(2) }], relu);
    const result = setWeights(template, { "layers#0@w": ones(2) });
    expect(result).toBeInstanceOf(Mlp);
    expect(result.activation).toBe(relu);
    expect(result.layers[0]?.w.equals(ones(2))).toBe(true);
    expect(Object.keys(setWeights({ z: zeros(1), a: zeros(1) }, { "@a": ones(1) }))).toEqual(["z", "a"]);
  });

  it("finds names that contain separators: whole key strings are compared", () => {
    const result = setWeights(new PyTreeContainer({ "a.b": zeros(2) }), { "a.b": ones(2) });
    expect(result["a.b"]?.equals(ones(2))).toBe(true);
  });

  it("takes the file's dtype", () => {
    const half = Tensor.from([1, 2], { dtype: "BF16" });
    expect(setWeights({ a: zeros(2) }, { "@a": half }).a.dtype).toBe("BF16");
  });

  it("refuses another shape by default, and takes it when told", () => {
    expect(() => setWeights({ a: zeros(2) }, { "@a": ones(3) })).toThrowError(
      expect.objectContaining({ code: "ShapeMismatch", tensor: "@a", expected: "[2]", found: "[3]" }),
    );
    expect(setWeights({ a: zeros(2) }, { "@a": ones(3) }, { allowShapeMismatch: true }).a.shape).toEqual([3]);
  });

  it("is an error where nothing at all matches, and says what there is", () => {
    expect(() => setWeights({ a: zeros(2) }, { a: ones(2) })).toThrowError(
      /no tensor matches.*"@a".*"a".*match: "name"/s,
    );
  });

  it("is no error for an empty template and an empty dict", () => {
    expect(setWeights({}, {})).toEqual({});
  });

  it("keeps numbers, booleans, bigints and typed arrays what they are", () => {
    const template = { n: 0, b: false, i: 0n, f: new Float32Array(2), u: new Uint8ClampedArray(2) };
    const dict = load(
      save({
        "@n": 1.5,
        "@b": true,
        "@i": 7n,
        "@f": new Float64Array([0.5, 2]),
        "@u": new Uint8Array([1, 2]),
      }),
    );
    const result = setWeights(template, dict);
    expect(result).toEqual({
      n: 1.5,
      b: true,
      i: 7n,
      f: new Float32Array([0.5, 2]),
      u: new Uint8ClampedArray([1, 2]),
    });
  });

  it("refuses to lose a value in a leaf that keeps its kind", () => {
    const cases: [unknown, Tensor][] = [
      [0, Tensor.from(2n ** 53n + 1n)],
      [0n, Tensor.from(1.5)],
      [true, Tensor.from(3)],
      [new Float32Array(1), Tensor.from([0.1], { dtype: "F64" })],
      [new Int8Array(1), Tensor.from([300], { dtype: "I32" })],
    ];
    for (const [leaf, tensor] of cases) {
      expect(() => setWeights([leaf], { "#0": tensor })).toThrowError(
        expect.objectContaining({ code: "LossyConversion" }),
      );
    }
  });

  it("reports everything at once, and throws on any of it when strict", () => {
    const reports: WeightsReport[] = [];
    const template = { a: zeros(2), b: zeros(2), c: zeros(1) };
    const dict = { "@a": ones(2), "@b": ones(5), "@x": ones(1) };
    const options = { strict: true, onReport: (report: WeightsReport) => reports.push(report) };
    try {
      setWeights(template, dict, options);
      expect.unreachable();
    } catch (error) {
      expect((error as { faults: unknown[] }).faults).toHaveLength(3);
    }
    expect(reports).toEqual([
      { missing: ["@c"], unexpected: ["@x"], mismatched: [{ name: "@b", expected: [2], found: [5] }] },
    ]);
  });
});

describe('match: "name"', () => {
  const file = { "layers#0.w": ones(2), "layers#1.w": ones(3) };

  it("meets leaves whatever the kinds of their keys", () => {
    const template = { layers: [{ w: zeros(2) }, { w: zeros(3) }] };
    const result = setWeights(template, file, { match: "name", strict: true });
    expect(result.layers[1]?.w.equals(ones(3))).toBe(true);
  });

  it("prefers the exact key string", () => {
    const dict = { "@a": ones(2), "#0@a": ones(2), a: zeros(2) };
    expect(setWeights({ a: zeros(2) }, dict, { match: "name" }).a.equals(ones(2))).toBe(true);
  });

  it("refuses two candidates", () => {
    expect(() =>
      setWeights({ x: [{ y: 1 }], "x#a": 1 }, { "x@a": 1, "x.a": 2 }, { match: "name" }),
    ).toThrowError(expect.objectContaining({ code: "AmbiguousKey" }));
  });
});

describe("loadIntoPytree", () => {
  it("reads only what the template uses", async () => {
    const source = new CountingSource(save({ "@a": ones(1000), "@unused": ones(100_000), "@b": ones(10) }));
    const file = await openSafetensors(source);
    source.reads = [];
    const result = await loadIntoPytree({ a: zeros(1000), b: zeros(10) }, file);
    expect(result.b.equals(ones(10))).toBe(true);
    expect(source.bytesRead).toBe(4040);
  });

  it("reports and refuses before any data are read", async () => {
    const source = new CountingSource(save({ "@a": ones(1000) }));
    const file = await openSafetensors(source);
    source.reads = [];
    await expect(loadIntoPytree({ a: zeros(3) }, file)).rejects.toMatchObject({ code: "ShapeMismatch" });
    await expect(loadIntoPytree({ z: zeros(3) }, file)).rejects.toMatchObject({ code: "WeightsMismatch" });
    expect(source.reads).toEqual([]);
  });

  it("casts, and keeps the template's type", async () => {
    const template = { a: zeros(2), step: 0 };
    const bytes = save({ "@a": Tensor.from([1, 2], { dtype: "BF16" }), "@step": 7 });
    const result = await loadIntoPytree(template, bytes, { cast: { BF16: "F32" } });
    expectTypeOf(result).toEqualTypeOf(template);
    expect(result.a.dtype).toBe("F32");
    expect(result.step).toBe(7);
  });
});
