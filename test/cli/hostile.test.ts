/** What a stranger's file can put on a terminal through any command: nothing but harmless text. */
import { mkdirSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { fileOf } from "./models.ts";
import { commandIn, temporaryFolder } from "./run.ts";

const folder = temporaryFolder();
const p2s = commandIn(folder);

// The format refuses lone surrogates, so they have a file of their own.
const SURROGATES = ["\ud800lone", "lone\udc00"];
const EVIL = [
  "\u001b[2J\u001b[31mred",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://x\u001b\\link",
  "\u009b31mC1",
  "\u009d0;t\u009c",
  "\r\b\u007f\u0000",
  "\u202egnp.exe\u2066",
  "zero\u200b\u200d\ufeffwidth\u00ad",
  "line\u2028par\u2029\u0085",
  "tag\u{e0041}",
  "new\nline\ttab",
];
// What may come out: printable characters, and line feeds between lines.
const UNSAFE = /(?![ \n])[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

/** A file with evil names, metadata and structure metadata of an unknown version and style. */
function evilFile(names: readonly string[], structure?: string): Uint8Array {
  const header: Record<string, unknown> = {
    __metadata__: {
      ...Object.fromEntries(EVIL.map((text) => [`key ${text}`, `value ${text}`])),
      [`alias ${EVIL[0]}`]: names[0]!,
      ...(structure !== undefined && { pytree2safetensors: structure }),
    },
  };
  names.forEach((name, i) => {
    header[name] = { dtype: "F32", shape: [1], data_offsets: [4 * i, 4 * i + 4] };
  });
  return fileOf(header, 4 * names.length);
}

const version = JSON.stringify({ version: [...EVIL, ...SURROGATES].join(""), nodes: [], leaves: {} });
const keys = JSON.stringify({ version: 1, keys: [...EVIL, ...SURROGATES].join(""), nodes: [], leaves: {} });

beforeAll(() => {
  writeFileSync("evil.safetensors", evilFile(EVIL));
  writeFileSync("surrogates.safetensors", evilFile([...EVIL, ...SURROGATES]));
  writeFileSync("other.safetensors", evilFile(EVIL.slice(0, 5).map((name) => `${name}2`)));
  writeFileSync("version.safetensors", evilFile(EVIL, version));
  writeFileSync("keys.safetensors", evilFile(EVIL, keys));
  writeFileSync("conflict.safetensors", evilFile(EVIL.flatMap((name) => [name, `${name}.w`])));
  writeFileSync("dotted.safetensors", evilFile(EVIL.map((name, i) => `h.${i}.${name}`)));
  writeFileSync(
    "broken.safetensors",
    fileOf({ [EVIL.join("")]: { dtype: EVIL.join(""), shape: [1], data_offsets: [0, 4] } }, 4),
  );
  mkdirSync("shards");
  writeFileSync(
    "shards/model.safetensors.index.json",
    JSON.stringify({
      metadata: {},
      weight_map: Object.fromEntries(EVIL.map((name) => [name, `${name}.st`])),
    }),
  );
});

const FILES = [
  "surrogates.safetensors",
  "evil.safetensors",
  "version.safetensors",
  "keys.safetensors",
  "conflict.safetensors",
  "dotted.safetensors",
  "broken.safetensors",
  "shards/model.safetensors.index.json",
  `missing${EVIL[0]}.safetensors`,
];

const CALLS: Readonly<Record<string, (file: string) => string[]>> = {
  tree: (file) => ["tree", file],
  "tree --all": (file) => ["tree", file, "--all"],
  "tree --keys": (file) => ["tree", file, "--keys", "keystr"],
  "tree --only": (file) => ["tree", file, "--only", EVIL.join("")],
  ls: (file) => ["ls", file],
  info: (file) => ["info", file],
  stats: (file) => ["stats", file],
  "stats KEY": (file) => ["stats", file, "*red*"],
  show: (file) => ["show", file],
  "show KEY": (file) => ["show", file, "*"],
  "show ONE": (file) => ["show", file, "*title*"],
  diff: (file) => ["diff", file, "other.safetensors"],
  verify: (file) => ["verify", file, "--nan"],
  convert: (file) => ["convert", file, "out.safetensors"],
  "convert -n": (file) => ["convert", file, "out.safetensors", "-n", "--dtype", "bf16"],
  "convert --keys": (file) => ["convert", file, "out.safetensors", "--keys", "keystr"],
  "convert --rename": (file) => ["convert", file, "out.safetensors", "--rename", "*=same"],
  "convert evil": (file) => ["convert", file, `${EVIL[0]}.npz`],
  merge: (file) => ["merge", file, "other.safetensors", "-o", "out.safetensors"],
  "merge twice": (file) => ["merge", file, file, "-o", "out.safetensors"],
  split: (file) => ["split", file, "-o", "parts"],
  "split -n": (file) => ["split", file, "-o", "parts", "-n", "--depth", "3"],
  complete: (file) => ["complete", "--", "stats", file, ""],
};

describe.each(Object.entries(CALLS))("p2s %s", (_, call) => {
  it.each(FILES)("writes nothing that a terminal acts on for %s", async (file) => {
    for (const json of [[], ["--json"]]) {
      const args = call(file);
      if (args[0] === "complete" && json.length > 0) continue;
      for (const columns of [40, undefined]) {
        const { stdout, stderr } = await p2s([...args, ...json], columns === undefined ? {} : { columns });
        expect(stdout + stderr).not.toMatch(UNSAFE);
        expect((stdout + stderr).length).toBeGreaterThan(0);
      }
    }
  });
});

describe("the test's file", () => {
  it("reaches every command's output", async () => {
    expect((await p2s(["ls", "evil.safetensors"])).stdout).toContain("\\u001b[2J");
    expect((await p2s(["tree", "version.safetensors"])).stderr).toContain("\\u001b");
  });
});
