import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { invalidArgument, requireDict, requireOptions } from "../../src/base/arguments.ts";

class Model {}

describe("invalidArgument", () => {
  it("says what was expected and what was found", () => {
    expect(invalidArgument("select", "a string", new Set())).toMatchObject({
      code: "InvalidArgument",
      message: "select must be a string, not an instance of Set",
      expected: "a string",
      found: "an instance of Set",
    });
  });
});

describe("requireOptions", () => {
  it.each([[{}], [{ a: 1 }], [Object.create(null)], [runInNewContext("({})")]])(
    "takes the object %o",
    (options) => {
      expect(() => requireOptions(options)).not.toThrow();
    },
  );

  it.each([
    [null],
    [undefined],
    ["strict"],
    [7],
    [() => true],
    [[]],
    [new Set()],
    [new Map()],
    [new Uint8Array(1)],
  ])("refuses %o", (options) => {
    expect(() => requireOptions(options)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});

describe("limits", () => {
  it.each([[undefined], [0], [1000], [Number.POSITIVE_INFINITY]])("can be %o", (maxDepth) => {
    expect(() => requireOptions({ maxDepth })).not.toThrow();
  });

  it.each([[Number.NaN], [-1], [1.5], ["9"], [null], [5n]])("can't be %o", (maxDepth) => {
    expect(() => requireOptions({ maxDepth })).toThrow(/^maxDepth must be a whole number from 0 up, not /);
  });
});

describe("requireDict", () => {
  it.each([[{}], [Object.create(null)], [runInNewContext("({ a: 1 })")]])(
    "takes the dictionary %o",
    (dict) => {
      expect(() => requireDict("dict", dict)).not.toThrow();
    },
  );

  it.each([
    [null],
    [undefined],
    [7],
    ["x"],
    [() => ({})],
    [[1]],
    [new Map()],
    [new Model()],
    [new Float32Array(1)],
  ])("refuses %o", (dict) => {
    expect(() => requireDict("dict", dict)).toThrow(/^dict must be a plain object, not /);
  });
});
