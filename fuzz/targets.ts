import { parseHeader } from "../src/format/header/header.ts";
import { headerLength, PREFIX_BYTES } from "../src/format/header/prefix.ts";
import {
  DTYPES,
  type Dtype,
  dict2pytree,
  isPytree2SafetensorsError,
  KEY_STYLES,
  keypath2string,
  load,
  loadPytree,
  PyTreeContainer,
  pytree2dict,
  save,
  string2keypath,
  Tensor,
} from "../src/index.node.ts";
import { names2tree } from "../src/tree/names2tree.ts";

/** Something that reads what strangers write; an input that it fails on is a crash. */
export interface Target {
  readonly name: string;
  /** Throws where the input shows a fault; what the readers refuse with an error of their own is none. */
  readonly run: (input: Uint8Array) => unknown;
}

/** Every target, by the name of its folder of inputs. */
export const TARGETS: readonly Target[] = [
  { name: "header", run: header },
  { name: "keys", run: keys },
  { name: "structure", run: structure },
  { name: "file", run: file },
];

/** What `action` gives, or `undefined` where it refuses as it should. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    expectOurs(error);
    return undefined;
  }
}

function expectOurs(error: unknown): void {
  if (!isPytree2SafetensorsError(error)) throw error;
  check(error.message.length > 10 && error.faults.length > 0, `a poor message: ${error.message}`);
  check(error.message.length < 20_000, `a message of ${error.message.length} characters`);
}

function check(condition: boolean, fault: string): void {
  if (!condition) throw new Error(fault);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// The input is the JSON of a header; the file is as long as its largest offset asks for.
function header(input: Uint8Array): void {
  const text = String.fromCharCode(...input);
  const ends = [...text.matchAll(/\[\s*\d+\s*,\s*(\d+)\s*\]/g)].map((match) => Number(match[1]));
  const data = Math.max(0, ...ends.filter((end) => end < 2 ** 40));
  const size = PREFIX_BYTES + input.length + data;
  const found = attempt(() => parseHeader(input, size, input));
  if (found === undefined) return;
  const { __metadata__: metadata = null, ...entries } = JSON.parse(decoder.decode(input)) as Record<
    string,
    Entry
  >;
  check(found.tensors.length === Object.keys(entries).length, "another number of tensors than JSON has");
  check(
    JSON.stringify(sorted(found.metadata ?? {})) === JSON.stringify(sorted(metadata ?? {})),
    "other metadata",
  );
  let at = found.dataStart;
  for (const { name, dtype, shape, start, end, file } of found.tensors) {
    check(Object.hasOwn(entries, name), "a name that JSON does not have");
    const entry = entries[name]!;
    check(dtype === entry.dtype && String(shape) === String(entry.shape), "another dtype or shape");
    check(Object.isFrozen(shape) && file === input, "a shape that can change, or another file");
    check(start === at && start - found.dataStart === entry.data_offsets[0], "a wrong start");
    check(end - found.dataStart === entry.data_offsets[1], "a wrong end");
    const elements = shape.reduce((product, size) => product * BigInt(size), 1n);
    check(BigInt(end - at) * 8n === elements * BigInt(DTYPES[dtype].bits), "a wrong size");
    at = end;
  }
  check(at === size, "bytes that no tensor has");
}

interface Entry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function sorted(dict: object): [string, unknown][] {
  return Object.entries(dict).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Lines as names, each once. */
function namesOf(text: string): string[] {
  return [...new Set(text.split("\n"))];
}

function keys(input: Uint8Array): void {
  const names = namesOf(new TextDecoder().decode(input));
  for (const name of names) {
    const path = attempt(() => string2keypath(name));
    if (path === undefined) continue;
    const again = attempt(() => keypath2string(path));
    if (again !== undefined)
      check(again === name || again === name.slice(1), `${name} comes back as ${again}`);
  }
  for (const style of ["dotted", "slash", "keystr"] as const) {
    const paths = attempt(() => KEY_STYLES[style].decode(names));
    check(paths === undefined || paths.length === names.length, `${style} loses names`);
    attempt(() => dict2pytree(Object.fromEntries(names.map((name) => [name, name])), { keys: style }));
  }
  const dict = Object.fromEntries(names.map((name) => [name, { leaf: name }]));
  const leaves = new Set<unknown>(Object.values(dict));
  const tree = attempt(() => dict2pytree(dict, { maxGaps: 10_000 }));
  if (tree === undefined) return;
  check(sameSet(leavesOf(tree, leaves), leaves), "a tree without its leaves");
  const back = attempt(() => pytree2dict(tree, { isLeaf: (value) => leaves.has(value) }));
  if (back === undefined) return;
  for (const [name, leaf] of Object.entries(back))
    check(dict[name] === leaf || dict[`.${name}`] === leaf, `another leaf at ${name}`);
}

function structure(input: Uint8Array): void {
  const text = new TextDecoder().decode(input);
  const split = text.indexOf("\0");
  const names = namesOf(text.slice(0, Math.max(0, split)));
  const json = text.slice(split + 1);
  const leaves = names.map((name) => ({ leaf: name }));
  const places = new Map(names.map((name, i) => [name, i]));
  const leafOf = (name: string) => leaves[places.get(name)!];
  const options = { structure: json, maxGaps: 10_000, onWarning: expectOurs };
  for (const mode of ["auto", "require"] as const) {
    const plan = attempt(() => names2tree(names, { ...options, mode }));
    if (plan === undefined) continue;
    check(
      sameSet(leavesOf(plan.build(leafOf), new Set(leaves)), new Set(leaves)),
      "a tree without its leaves",
    );
    check(plan.paths().length === names.length, "paths are missing");
    const half = names2tree(names, { ...options, mode, include: (name) => places.get(name)! % 2 === 0 });
    const kept = new Set(leaves.filter((_, i) => i % 2 === 0));
    check(sameSet(leavesOf(half.build(leafOf), new Set(leaves)), kept), "a part without its leaves");
  }
}

async function file(input: Uint8Array): Promise<void> {
  const dict = attempt(() => load(input));
  const isHeader = attempt(() => headerLength(input, input.length)) !== undefined;
  check(dict === undefined || isHeader, "loaded without a header");
  for (const lazy of [false, true]) {
    try {
      await loadPytree(input, { lazy: lazy as false, onWarning: expectOurs, maxGaps: 10_000 });
    } catch (error) {
      expectOurs(error);
    }
  }
  if (dict === undefined) return;
  const again = load(attempt(() => save(dict)) ?? save({}));
  const names = Object.keys(again);
  check(names.length === 0 || names.length === Object.keys(dict).length, "tensors are lost");
  for (const name of names) check(again[name]!.equals(dict[name]!), `another tensor ${name}`);
}

/** The leaves that a tree has, each as often as it is there. */
function leavesOf(tree: unknown, leaves: ReadonlySet<unknown>): unknown[] {
  if (leaves.has(tree)) return [tree];
  if (typeof tree !== "object" || tree === null || tree instanceof Tensor) return [];
  const prototype = Object.getPrototypeOf(tree) as unknown;
  const known = [Object.prototype, Array.prototype, Map.prototype, PyTreeContainer.prototype] as unknown[];
  check(known.includes(prototype), "an object of another prototype");
  const children = tree instanceof Map ? [...tree.values()] : Object.values(tree);
  return children.flatMap((child) => leavesOf(child, leaves));
}

function sameSet(found: readonly unknown[], expected: ReadonlySet<unknown>): boolean {
  return found.length === expected.size && found.every((leaf) => expected.has(leaf));
}
