import { load } from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { fileWithHeader } from "./files.ts";

// What mutation testing found no test for.
describe("tensors of no bytes at one offset", () => {
  it("keep the header's order among themselves, wherever they stand in it", () => {
    const entry = (name: string, begin: number, end: number) =>
      `"${name}":{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    const empty = Array.from({ length: 40 }, (_, i) => entry(`e${(i * 17) % 40}`, 2, 2));
    const header = `{${[entry("last", 2, 4), ...empty, entry("first", 0, 2)].join(",")}}`;
    const names = Object.keys(load(fileWithHeader(header, 4)));
    expect(names).toEqual(["first", ...Array.from({ length: 40 }, (_, i) => `e${(i * 17) % 40}`), "last"]);
  });
});
