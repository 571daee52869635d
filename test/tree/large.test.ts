import { expect, it } from "vitest";
import { names2tree } from "../../src/tree/names2tree.ts";

it("a tree has a quarter of a million siblings, in whatever order they come", () => {
  const names = Array.from({ length: 250_000 }, (_, i) => `@${(i * 7_919) % 250_000}`);
  const tree = names2tree(names).build((name) => name) as Record<string, string>;
  expect(Object.keys(tree)).toHaveLength(250_000);
  expect(tree[42]).toBe("@42");
  const list = names2tree(names.map((name) => name.replace("@", "#"))).build((name) => name) as string[];
  expect([list.length, list[42]]).toEqual([250_000, "#42"]);
});
