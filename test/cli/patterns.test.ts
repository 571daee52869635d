import { describe, expect, it } from "vitest";
import { matcherOf, renamerOf } from "../../src/cli/args/patterns.ts";

describe("matcherOf", () => {
  it.each([
    ["layers#1", "layers#1", true],
    ["layers#1", "layers#1.weight", true],
    ["layers#1", "layers#10.weight", false],
    ["layers#", "layers#10.weight", true],
    ["h.0", "h.0/w", true],
    ["*.bias", "a.b.bias", true],
    ["*.bias", "a.bias@scale", true],
    ["*.bias", "a.biases", false],
    ["h.?.w", "h.1.w", true],
    ["h.?.w", "h.10.w", false],
    ["h.*", "h.1.w", true],
    ["h.*", "x.h.1", false],
    ["a+b(c)", "a+b(c)", true],
    ["a.b", "axb", false],
    ["", "anything", true],
    ["x*", "x\ny", true],
  ])("%j on %j is %s", (pattern, name, matches) => {
    expect(matcherOf(pattern)(name)).toBe(matches);
  });
});

describe("renamerOf", () => {
  it.each([
    ["a=b", "a", "b"],
    ["a=b", "a.w", "b.w"],
    ["a=b", "ab.w", undefined],
    ["a.=b.", "a.w", "b.w"],
    ["model=", "model.w", "w"],
    ["model=", "model#0", "#0"],
    ["*.gamma=*.scale", "norm.gamma", "norm.scale"],
    ["h.*.attn.*=layers.*.attention.*", "h.3.attn.q.w", "layers.3.attention.q.w"],
    ["model.*=*", "model.w", "w"],
    ["*.w=fixed", "a.w", "fixed"],
    ["a=b=c", "a", "b=c"],
  ])("%j on %j gives %j", (rule, name, renamed) => {
    expect(renamerOf(rule)(name)).toBe(renamed);
  });

  it.each(["a", "=b", "a=*"])("refuses %j", (rule) => {
    expect(() => renamerOf(rule)).toThrow(rule);
  });
});
