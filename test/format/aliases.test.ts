import { describe, expect, it } from "vitest";
import { findAliases } from "../../src/format/aliases.ts";

describe("findAliases", () => {
  const names = new Set(["wte.weight", "pt", "__proto__"]);
  const find = (metadata: Record<string, string>) => [...findAliases(metadata, (name) => names.has(name))];

  it("finds the names that save_model leaves out", () => {
    const metadata = {
      format: "np",
      "lm_head.weight": "wte.weight",
      "proj.weight": "wte.weight",
      note: "wte",
    };
    expect(find(metadata)).toEqual([
      ["lm_head.weight", "wte.weight"],
      ["proj.weight", "wte.weight"],
    ]);
  });

  it("passes over keys that are tensors themselves", () => {
    expect(find({ "wte.weight": "pt", pt: "pt" })).toEqual([]);
  });

  it("finds aliases of any name", () => {
    expect(find(JSON.parse('{"__proto__":"pt","constructor":"__proto__"}'))).toEqual([
      ["constructor", "__proto__"],
    ]);
    expect(find({})).toEqual([]);
  });
});
