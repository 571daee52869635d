import { describe, expect, it } from "vitest";
import { parseSize } from "../../src/format/byte-size.ts";
import { looksLikeIndex } from "../../src/format/header/prefix.ts";
import { planShards, writeShardIndex } from "../../src/format/shard-plan.ts";
import { matchShards, parseShardIndex, unlistedWarning } from "../../src/format/shards.ts";

describe("parseShardIndex", () => {
  it("reads what Hugging Face's libraries write", () => {
    const text = `{
  "metadata": { "total_parameters": 3, "total_size": 12 },
  "weight_map": {
    "b": "model-00002-of-00002.safetensors",
    "a": "model-00001-of-00002.safetensors",
    "c": "model-00001-of-00002.safetensors"
  }
}`;
    const index = parseShardIndex(text);
    expect(index.totalParameters).toBe(3);
    expect(index.metadata).toEqual({ total_parameters: 3, total_size: 12 });
    expect([...index.weightMap.keys()]).toEqual(["b", "a", "c"]);
    expect(index.files).toEqual(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);
  });

  it("reads one without metadata", () => {
    expect(parseShardIndex('{"weight_map":{}}')).toMatchObject({
      totalParameters: undefined,
      files: [],
      metadata: {},
    });
  });

  it.each([
    ["a byte order mark", '\ufeff{"weight_map":{"a":"f"}}', {}],
    ["no metadata", '{"weight_map":{"a":"f"}}', {}],
    ["metadata null", '{"metadata":null,"weight_map":{"a":"f"}}', {}],
    ["metadata in a list", '{"metadata":[1],"weight_map":{"a":"f"}}', {}],
    [
      "a total_parameters in words",
      '{"metadata":{"total_parameters":"7B"},"weight_map":{"a":"f"}}',
      { total_parameters: "7B" },
    ],
    [
      "a total_parameters below 0",
      '{"metadata":{"total_parameters":-1},"weight_map":{"a":"f"}}',
      { total_parameters: -1 },
    ],
    [
      "a total_parameters null",
      '{"metadata":{"total_parameters":null},"weight_map":{"a":"f"}}',
      { total_parameters: null },
    ],
    ["other fields", '{"version":[{}],"weight_map":{"a":"f"},"x":null}', {}],
    ["./ before the name", '{"weight_map":{"a":"./f"}}', {}],
    ["././ before the name", '{"weight_map":{"a":"././f"}}', {}],
  ])("takes an index with %s", (_, text, metadata) => {
    const index = parseShardIndex(text);
    expect([...index.weightMap]).toEqual([["a", "f"]]);
    expect(index).toMatchObject({ metadata, files: ["f"], totalParameters: undefined });
  });

  it("has one file for all spellings of its name", () => {
    const { files } = parseShardIndex('{"weight_map":{"a":"s/f","b":"./s/f","c":"s/./f"}}');
    expect(files).toEqual(["s/f"]);
  });

  it("keeps names that other objects would lose", () => {
    const { weightMap } = parseShardIndex(
      '{"weight_map":{"__proto__":"a.safetensors","constructor":"a.safetensors"}}',
    );
    expect([...weightMap.keys()]).toEqual(["__proto__", "constructor"]);
  });

  it.each([
    "model.safetensors",
    "sub/model.safetensors",
    "a..b",
    "...a",
    "größe.safetensors",
    "100%.safetensors",
    "a b",
  ])("takes the file name %j", (file) => {
    expect(parseShardIndex(JSON.stringify({ weight_map: { a: file } })).files).toEqual([file]);
  });

  it.each([
    ...[
      "",
      ".",
      "..",
      "../a",
      "a/../b",
      "a/..",
      "./",
      "./../a",
      "a/.",
      "././",
      "/a",
      "a/",
      "a//b",
      "..\\a",
      "a\\b",
      "C:a",
      "file:///a",
      "http://h/a",
    ],
    ...[
      "//host/a",
      "a?b",
      "a#b",
      "%2e%2e/a",
      "%2E%2E%2Fa",
      "a%5cb",
      "a%00",
      ".%2e/a",
      "a\n",
      "\t../a",
      ".\t./a",
      " ../a",
      ".. /a",
      "..",
      " ",
      "a\u0000b",
    ],
  ])("refuses the file name %j", (file) => {
    expect(() => parseShardIndex(JSON.stringify({ weight_map: { w: file } }))).toThrow(
      expect.objectContaining({ code: "InvalidIndex", tensor: "w" }),
    );
  });

  it.each([
    ["no JSON", "{"],
    ["text after it", '{"weight_map":{}}{}'],
    ["an array", "[]"],
    ["null", "null"],
    ["no weight_map", "{}"],
    ["a weight_map that is an array", '{"weight_map":[]}'],
    ["a file name that is no string", '{"weight_map":{"a":1}}'],
    ["a tensor twice", '{"weight_map":{"a":"1","a":"2"}}'],
    ["a tensor twice, once in escapes", '{"weight_map":{"a":"1","\\u0061":"1"}}'],
    ["two weight_maps", '{"weight_map":{},"weight_map":{}}'],
    ["lone surrogates", '{"weight_map":{"\\ud800":"a"}}'],
    ["nesting without end", `{"weight_map":{},"x":${"[".repeat(100_000)}`],
  ])("refuses %s", (_, text) => {
    expect(() => parseShardIndex(text)).toThrow(expect.objectContaining({ code: "InvalidIndex" }));
  });
});

describe("matchShards", () => {
  const ref = (name: string) => ({ name, dtype: "U8" as const, shape: [], start: 0, end: 1, file: 0 });

  it("takes what the index lists, and tells what it does not list and what is missing", () => {
    const index = parseShardIndex('{"weight_map":{"a":"1","b":"2","c":"2","d":"2"}}');
    const files = new Map([
      ["1", [ref("x"), ref("a"), ref("c")]],
      ["2", [ref("b"), ref("a")]],
    ]);
    const { tensors, unlisted, missing } = matchShards(index, files);
    expect(tensors).toEqual([ref("a"), ref("b")]);
    expect(tensors[0]).toBe(files.get("1")![1]);
    expect(unlisted).toEqual([
      { name: "x", file: "1" },
      { name: "c", file: "1" },
      { name: "a", file: "2" },
    ]);
    expect([...missing]).toEqual([
      ["c", "2"],
      ["d", "2"],
    ]);
    expect(unlistedWarning(unlisted).message).toBe(
      'the index does not list the tensor "x" of the shard "1" and 2 more: it is not part of the checkpoint and is left out',
    );
  });
});

describe("looksLikeIndex", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it("knows JSON, with white space and a byte order mark before it", () => {
    for (const text of ['{"weight_map":{}}', ' \n{"weight_map":{}}', '\ufeff{"weight_map":{}}', "{}"])
      expect(looksLikeIndex(bytes(text))).toBe(true);
    for (const text of ["", "   ", "[]", "{\0\0\0\0\0\0\0{}", "\x02\0\0\0\0\0\0\0{}"])
      expect(looksLikeIndex(bytes(text))).toBe(false);
  });
});

describe("writeShardIndex", () => {
  it("writes what Hugging Face's libraries write: indented, keys sorted", () => {
    const map = new Map([
      ["b", "model-00002-of-00002.safetensors"],
      ["1", "model-00001-of-00002.safetensors"],
      ["__proto__", "model-00001-of-00002.safetensors"],
    ]);
    expect(writeShardIndex(map, 12)).toBe(`{
  "metadata": {
    "total_size": 12
  },
  "weight_map": {
    "1": "model-00001-of-00002.safetensors",
    "__proto__": "model-00001-of-00002.safetensors",
    "b": "model-00002-of-00002.safetensors"
  }
}
`);
  });

  it("is read back equal", () => {
    const map = new Map([['q"\\\n😀', "a.safetensors"]]);
    const index = parseShardIndex(
      writeShardIndex(map, 2 ** 40, { pytree2safetensors: '{"a":1}', total_size: "x" }),
    );
    expect(index.weightMap).toEqual(map);
    expect(index.metadata).toEqual({ pytree2safetensors: '{"a":1}', total_size: 2 ** 40 });
    expect(parseShardIndex(writeShardIndex(new Map(), 0)).files).toEqual([]);
  });
});

describe("planShards", () => {
  const sized = (...sizes: number[]) =>
    sizes.map((size, i) => ({ name: `${i}`, dtype: "U8" as const, shape: [size] }));

  it("fills one shard after the other, in the order given", () => {
    expect(planShards(sized(4, 4, 4, 1), 8)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(planShards(sized(8), 8)).toEqual([[0]]);
  });

  it("gives what is larger than a shard one of its own", () => {
    expect(planShards(sized(2, 9, 2), 8)).toEqual([[1], [0, 2]]);
    expect(planShards(sized(9), 8)).toEqual([[0]]);
  });

  it("makes no empty shards", () => {
    expect(planShards([], 8)).toEqual([]);
    expect(planShards(sized(0, 0), 8)).toEqual([[0, 1]]);
    expect(planShards(sized(9, 8, 8), 8)).toEqual([[0], [1], [2]]);
  });
});

describe("parseSize", () => {
  it.each<[string | number, number]>([
    ["5GB", 5e9],
    ["5gb", 5e9],
    ["5 GB", 5e9],
    ["5GiB", 5 * 2 ** 30],
    ["500MB", 5e8],
    ["1.5MiB", 1.5 * 2 ** 20],
    ["1.25 GB", 1_250_000_000],
    ["2T", 2e12],
    ["10k", 10_000],
    ["123", 123],
    ["7B", 7],
    [1_000_000, 1e6],
  ])("reads %j", (size, bytes) => {
    expect(parseSize(size)).toBe(bytes);
  });

  it.each([
    "",
    "GB",
    "-5GB",
    "5XB",
    "0",
    "1e9",
    "5GBs",
    "Infinity",
    "5iB",
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "99999999TB",
  ])("refuses %j", (size) => {
    expect(() => parseSize(size)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });
});
