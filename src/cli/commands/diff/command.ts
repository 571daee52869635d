import { Command, InvalidArgumentError } from "commander";
import type { SafetensorsFile } from "../../../index.node.ts";
import { EXIT } from "../../args/exit.ts";
import { STRUCTURE_KEY } from "../../args/keys.ts";
import { collect, examples, jsonOption } from "../../args/options.ts";
import { anyOf } from "../../args/patterns.ts";
import { open } from "../../files/open.ts";
import { openProgress, ProgressSum } from "../../terminal/progress.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { type Comparison, compare } from "./compare.ts";
import { findMoved, type Move } from "./moved.ts";
import { drawDiff } from "./view.ts";

/** Dtype and shape of a tensor of one side. */
interface Info {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A tensor that only one of two files has. */
export interface Single extends Info {
  readonly name: string;
}

/** A tensor that both files have, and not the same. */
export interface Change {
  readonly name: string;
  readonly a: Info;
  readonly b: Info;
  /** How the values differ, where the shapes are the same. */
  readonly values?: Comparison;
}

/** All that two files differ in. */
export interface Difference {
  readonly a: string;
  readonly b: string;
  readonly equal: boolean;
  readonly removed: readonly Single[];
  readonly added: readonly Single[];
  readonly moved: readonly (Move & Info)[];
  readonly retyped: readonly Change[];
  readonly reshaped: readonly Change[];
  readonly changed: readonly Change[];
  /** Changed by no more than the tolerance. */
  readonly close: readonly Change[];
  readonly same: number;
  readonly metadata: readonly {
    readonly key: string;
    readonly a: string | null;
    readonly b: string | null;
  }[];
}

interface Options {
  readonly tolerance?: number;
  readonly only: readonly string[];
  readonly structure?: boolean;
  readonly metadata: boolean;
  readonly json?: boolean;
}

/** `diff A B`: what differs, in structure and in numbers. */
export function diffCommand(terminal: Terminal): Command {
  const command = new Command("diff")
    .summary("compare two files: structure and numbers")
    .description(
      "Compares two files: tensors that were added, removed, moved to another name, retyped or reshaped, and how far the values of the others differ: greatest absolute difference, greatest relative one (of the larger of the two), cosine, and for floats ULPs, steps from one number of the dtype to the next. Values are read pairwise, in bounded memory. Exits with 1 if there is a difference.",
    )
    .argument("<a>", "a path, a URL, or the index of a sharded checkpoint")
    .argument("<b>", "the same")
    .option(
      "-t, --tolerance <t>",
      "allow |a - b| up to t + t * |b|, as numpy's allclose does",
      parseTolerance,
    )
    .option(
      "--only <pattern>",
      "compare these tensors only: a key, or a pattern with *; may be repeated",
      collect,
      [],
    )
    .option("--structure", "compare names, dtypes and shapes only; no values are read")
    .option("--no-metadata", "do not compare metadata")
    .addOption(jsonOption())
    .action((a: string, b: string, options: Options) => diff(a, b, options, terminal));
  return examples(command, [
    ["diff before.safetensors after.safetensors", "everything"],
    ["diff model.safetensors model-f16.safetensors --tolerance 1e-3", "is the conversion good enough?"],
    ["diff a.safetensors b.safetensors --structure && echo same shape", "in a script"],
  ]);
}

async function diff(placeA: string, placeB: string, options: Options, terminal: Terminal): Promise<void> {
  await using a = await open(placeA, terminal);
  await using b = await open(placeB, terminal);
  const found = await findDifference({ a, b, placeA, placeB }, options, terminal);
  if (options.json) terminal.json(found);
  else terminal.print(drawDiff(found, terminal));
  if (!found.equal) process.exitCode = EXIT.found;
}

interface Files {
  readonly a: SafetensorsFile;
  readonly b: SafetensorsFile;
  readonly placeA: string;
  readonly placeB: string;
}

async function findDifference(
  { a, b, placeA, placeB }: Files,
  options: Options,
  terminal: Terminal,
): Promise<Difference> {
  const { tolerance, structure = false } = options;
  const { signal } = terminal;
  const wanted = anyOf(options.only);
  const namesA = a.names.filter(wanted);
  const namesB = b.names.filter(wanted);
  const onlyA = namesA.filter((name) => !b.has(name));
  const onlyB = namesB.filter((name) => !a.has(name));
  const moved = structure ? [] : await findMoved(a, b, onlyA, onlyB, signal);
  const gone = new Set(moved.map((move) => move.from));
  const come = new Set(moved.map((move) => move.to));

  const both = namesA.filter((name) => b.has(name));
  const bar = openProgress(terminal, "comparing");
  const isSameShape = (name: string) => String(a.info(name).shape) === String(b.info(name).shape);
  const total = both
    .filter(isSameShape)
    .reduce((sum, name) => sum + a.info(name).byteLength + b.info(name).byteLength, 0);
  const progress = new ProgressSum(bar, total);
  const lists = {
    retyped: [] as Change[],
    reshaped: [] as Change[],
    changed: [] as Change[],
    close: [] as Change[],
  };
  let same = 0;
  try {
    for (const name of both) {
      const change = { name, a: infoOf(a, name), b: infoOf(b, name) };
      if (!isSameShape(name)) {
        lists.reshaped.push(change);
        continue;
      }
      const values = structure
        ? undefined
        : await compare({ a, b, nameA: name, nameB: name }, { tolerance, progress, signal });
      const full = { ...change, ...(values && { values }) };
      if (change.a.dtype !== change.b.dtype) lists.retyped.push(full);
      else if (values === undefined || values.identical) same++;
      else if (tolerance !== undefined && values.beyond === 0) lists.close.push(full);
      else lists.changed.push(full);
    }
  } finally {
    bar.done();
  }
  const removed = onlyA.filter((name) => !gone.has(name)).map((name) => ({ name, ...infoOf(a, name) }));
  const added = onlyB.filter((name) => !come.has(name)).map((name) => ({ name, ...infoOf(b, name) }));
  const metadata = options.metadata ? compareMetadata(a.metadata, b.metadata) : [];
  const found = [removed, added, moved, lists.retyped, lists.reshaped, lists.changed, metadata];
  return {
    a: placeA,
    b: placeB,
    equal: found.every((list) => list.length === 0),
    removed,
    added,
    moved: moved.map((move) => ({ ...move, ...infoOf(a, move.from) })),
    ...lists,
    same,
    metadata,
  };
}

function infoOf(file: SafetensorsFile, name: string): Info {
  const { dtype, shape } = file.info(name);
  return { dtype, shape };
}

function compareMetadata(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>) {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  const valueAt = (metadata: Readonly<Record<string, string>>, key: string) =>
    Object.hasOwn(metadata, key) ? metadata[key]! : null;
  return keys
    .map((key) => ({ key, a: valueAt(a, key), b: valueAt(b, key) }))
    .filter((entry) =>
      entry.key === STRUCTURE_KEY ? canonical(entry.a) !== canonical(entry.b) : entry.a !== entry.b,
    )
    .sort((x, y) => Number(x.key === STRUCTURE_KEY) - Number(y.key === STRUCTURE_KEY));
}

/** Structure metadata list nodes in whatever order the tree had: the same ones say the same. */
function canonical(structure: string | null): string | null {
  try {
    const { nodes, ...rest } = JSON.parse(structure ?? "");
    return JSON.stringify([rest, (nodes as unknown[]).map((node) => JSON.stringify(node)).sort()]);
  } catch {
    return structure;
  }
}

function parseTolerance(text: string): number {
  const tolerance = Number(text);
  if (text.trim() !== "" && tolerance >= 0 && Number.isFinite(tolerance)) return tolerance;
  throw new InvalidArgumentError("Expected a number that is not negative, as 1e-5.");
}
