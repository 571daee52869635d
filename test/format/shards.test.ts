import { describe, expect, it } from "vitest";
import {
  parseShardIndex,
  parseSize,
  planShards,
  shardFileName,
  writeShardIndex,
} from "../../src/format/shards.ts";

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
    expect(index.totalSize).toBe(12);
    expect(index.metadata).toEqual({ total_parameters: 3, total_size: 12 });
    expect([...index.weightMap.keys()]).toEqual(["b", "a", "c"]);
    expect(index.files).toEqual(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]);
  });

  it("reads one without metadata", () => {
    expect(parseShardIndex('{"weight_map":{}}')).toMatchObject({
      totalSize: undefined,
      files: [],
      metadata: {},
    });
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
      "./a",
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
    ["a byte order mark", '\ufeff{"weight_map":{}}'],
    ["text after it", '{"weight_map":{}}{}'],
    ["an array", "[]"],
    ["null", "null"],
    ["no weight_map", "{}"],
    ["a weight_map that is an array", '{"weight_map":[]}'],
    ["a file name that is no string", '{"weight_map":{"a":1}}'],
    ["metadata that is no object", '{"metadata":[],"weight_map":{}}'],
    ["metadata null", '{"metadata":null,"weight_map":{}}'],
    ["a total_size that is no number", '{"metadata":{"total_size":"5"},"weight_map":{}}'],
    ["a negative total_size", '{"metadata":{"total_size":-1},"weight_map":{}}'],
    ["a tensor twice", '{"weight_map":{"a":"1","a":"2"}}'],
    ["a tensor twice, once in escapes", '{"weight_map":{"a":"1","\\u0061":"1"}}'],
    ["two weight_maps", '{"weight_map":{},"weight_map":{}}'],
    ["lone surrogates", '{"weight_map":{"\\ud800":"a"}}'],
    ["nesting without end", `{"weight_map":{},"x":${"[".repeat(100_000)}`],
  ])("refuses %s", (_, text) => {
    expect(() => parseShardIndex(text)).toThrow(expect.objectContaining({ code: "InvalidIndex" }));
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

describe("shardFileName", () => {
  it("numbers from 1, in five digits", () => {
    expect(shardFileName("model", 0, 3)).toBe("model-00001-of-00003.safetensors");
    expect(shardFileName("m", 123_455, 123_456)).toBe("m-123456-of-123456.safetensors");
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
