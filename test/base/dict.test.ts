import { afterEach, describe, expect, it, vi } from "vitest";
import { setOwn } from "../../src/base/dict.ts";

const define = vi.spyOn(Object, "defineProperty");
afterEach(() => define.mockClear());

describe("setOwn", () => {
  it.each(Object.getOwnPropertyNames(Object.prototype))("defines %j, which objects inherit", (name) => {
    const dict: Record<string, number> = {};
    setOwn(dict, name, 1);
    // An assignment would run a setter, or fail where the prototype is frozen.
    expect(define).toHaveBeenCalledWith(dict, name, expect.objectContaining({ enumerable: true }));
    expect(Object.entries(dict)).toEqual([[name, 1]]);
  });

  it.each(["", "w", "@w", "value", "prototype", "_weight_norm"])("assigns %j, which they don't", (name) => {
    const dict: Record<string, number> = {};
    setOwn(dict, name, 1);
    expect(define).not.toHaveBeenCalled();
    expect(Object.entries(dict)).toEqual([[name, 1]]);
  });
});
