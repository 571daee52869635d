import * as api from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { hostileFiles } from "../format/hostile-files.ts";
import { hostilePairs } from "../format/hostile-pairs.ts";
import { BOMBS } from "./bombs.ts";
import { bytesOf, hostileTrees } from "./corpus.ts";
import { fileOf } from "./files.ts";
import { changes, recordPrototypes } from "./prototypes.ts";

const { load, loadFile, loadPytree, loadIntoPytree, PyTreeContainer, Tensor, isPytree2SafetensorsError } =
  api;

// Every name that an object inherits, and some ways to spell a way to a prototype.
const INHERITED = Object.getOwnPropertyNames(Object.prototype);
const WAYS = INHERITED.flatMap((name) => [
  ...[
    name,
    `@${name}`,
    `a.${name}`,
    `a@${name}`,
    `${name}.polluted`,
    `@${name}@polluted`,
    `#0@${name}@polluted`,
  ],
  ...[`${name}.prototype.polluted`, `@${name}@prototype@polluted`, `constructor.prototype.${name}`],
]);

function corpus(): Uint8Array[] {
  return [
    ...hostileFiles().map(({ bytes }) => bytes),
    ...hostilePairs().map(({ bytes }) => bytes),
    ...hostileTrees().flatMap(([, cases]) => cases.map(bytesOf)),
    ...BOMBS.map(({ file }) => file(2_000)),
    ...WAYS.map((name) => fileOf([name])),
    ...WAYS.map((name) =>
      fileOf(["@a"], `{"version":1,"leaves":{"@a":[["@",${JSON.stringify(name)}],["@","polluted"]]}}`),
    ),
    ...WAYS.map((name) =>
      fileOf(
        ["@a"],
        `{"version":1,"nodes":[[[["@","b"]],"static",{${JSON.stringify(name)}:{"polluted":1}}]]}`,
      ),
    ),
    ...INHERITED.map((name) =>
      fileOf(
        ["a"],
        `{"version":1,"nodes":[[[],"class",{"name":${JSON.stringify(name)},"keys":[[".","a"]],"aux":{${JSON.stringify(name)}:1}}]]}`,
      ),
    ),
  ];
}

/** All that the package makes of a file, and the errors that it makes instead. */
async function everythingOf(file: Uint8Array): Promise<unknown[]> {
  const results: unknown[] = [];
  const onWarning = () => {};
  for (const action of [
    () => load(file),
    () => loadFile(file),
    () => loadPytree(file, { onWarning, withMetadata: true }),
    () => loadPytree(file, { onWarning, attributes: "object" }),
    () => loadPytree(file, { onWarning, structure: "ignore", keys: "dotted" }),
    () => loadPytree(file, { onWarning, structure: "ignore", keys: "keystr" }),
    () => loadPytree(file, { structure: "require" }),
    () => loadIntoPytree({ a: Tensor.from([1]) }, file, { strict: false }),
  ]) {
    try {
      results.push(await action());
    } catch (error) {
      expect(isPytree2SafetensorsError(error), String(error)).toBe(true);
    }
  }
  return results;
}

const EXPECTED_PROTOTYPES = new Set<unknown>([
  ...[Object.prototype, Array.prototype, Map.prototype, PyTreeContainer.prototype, Tensor.prototype],
]);

/** Objects of a result that have a prototype of their own or have inherited a property. */
function strangers(result: unknown): string[] {
  const found: string[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    if (!EXPECTED_PROTOTYPES.has(Object.getPrototypeOf(value))) found.push(String(Object.keys(value)));
    if ("polluted" in value && !Object.hasOwn(value, "polluted")) found.push("polluted");
    if (value instanceof Tensor) return;
    const isMap = Object.getPrototypeOf(value) === Map.prototype;
    for (const child of isMap ? (value as Map<unknown, unknown>).values() : Object.values(value))
      visit(child);
  };
  visit(result);
  return found;
}

describe("hostile files", () => {
  it("change no prototype of the program, nor that of what they give", async () => {
    const roots = [...Object.values(api), Tensor, PyTreeContainer].filter(
      (value) => typeof value === "function",
    );
    const files = corpus();
    // What the first use of anything makes is made before.
    await everythingOf(fileOf(["@a"]));
    const before = recordPrototypes(roots);
    const prototypes = [...before.keys()].filter((object) => Object.hasOwn(object, "constructor"));
    expect(prototypes.length).toBeGreaterThan(80);
    let trees = 0;
    for (const file of files) {
      for (const result of await everythingOf(file)) {
        trees++;
        expect(strangers(result)).toEqual([]);
      }
    }
    expect(trees).toBeGreaterThan(files.length);
    expect(changes(before, recordPrototypes(roots))).toEqual([]);
  });

  it("are told by the walk when they do", () => {
    const before = recordPrototypes([]);
    const at = Object.getPrototypeOf(Int8Array.prototype) as { polluted?: number };
    at.polluted = 1;
    try {
      expect(changes(before, recordPrototypes([]))).toEqual(["TypedArray.prototype.polluted"]);
    } finally {
      delete at.polluted;
    }
    expect(changes(before, recordPrototypes([]))).toEqual([]);
  });
});
