/** What `convert` is going to write. */
import {
  type Cast,
  type Dtype,
  dict2pytree,
  type KeyStyleName,
  LazyTensor,
  pytree2dict,
  type SafetensorsFile,
} from "../../../index.node.ts";
import { type DtypeRule, decidingRule, kindName, parseDtypeRules } from "../../args/dtype-rules.ts";
import { UsageError } from "../../args/exit.ts";
import { explain } from "../../args/explain.ts";
import type { KeyStyles } from "../../args/keys.ts";
import { anyOf, selectNames } from "../../args/patterns.ts";
import { renameAll, renamingOf } from "../../args/rename.ts";
import { editMetadata, type Result } from "../../files/output.ts";
import { plural } from "../../terminal/sizes.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { quote } from "../../terminal/text.ts";
import { guessStyle, STRUCTURE_KEY } from "../../trees/key-styles.ts";
import { flatOf, type TakeOptions, treeOf, VERBATIM } from "../../trees/lazy.ts";
import { compactLists, reindexNames } from "../../trees/reindex.ts";
import { renameTree } from "../../trees/rename.ts";
import { sizeOf } from "../../values/size.ts";

/** What `convert` was asked for. */
export interface ConvertOptions {
  readonly dtype: readonly string[];
  readonly lossy?: boolean;
  readonly strict?: boolean;
  readonly keys?: KeyStyles;
  readonly objects: "dict" | "attrs";
  readonly rename: readonly string[];
  readonly reindex?: boolean;
  readonly select: readonly string[];
  readonly drop: readonly string[];
  readonly metadata: readonly string[];
  readonly structure?: "auto" | "always" | "never";
}

/** A tensor that is written, and what it was. */
export interface PlanEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly bytes: number;
  readonly from: { readonly name: string; readonly dtype: Dtype; readonly bytes: number };
}

/** The result, and how its tensors are called. */
export async function planConversion(
  file: SafetensorsFile,
  options: ConvertOptions,
  terminal: Terminal,
): Promise<{ result: Result; entries: readonly PlanEntry[] }> {
  const rules = parseDtypeRules(options.dtype);
  const kept = keptNames(file, options);
  for (const { pattern } of rules) if (pattern !== undefined) selectNames([...kept], [pattern]);
  const cast: Cast = (name, info) => decidingRule(rules, name, info)?.dtype;
  const result = await resultOf(file, kept, rules.length > 0 ? cast : undefined, options, terminal);
  const entries = entriesOf(file, result);
  checkRules(rules, entries, terminal);
  checkEdits(file, options.metadata, terminal);
  return { result, entries };
}

function keptNames(file: SafetensorsFile, { select, drop }: ConvertOptions): ReadonlySet<string> {
  const names = selectNames(file.names, select);
  if (drop.length === 0) return new Set(names);
  selectNames(file.names, drop);
  const dropped = anyOf(drop);
  const kept = new Set(names.filter((name) => !dropped(name)));
  if (kept.size === 0) throw new UsageError("--drop leaves out every tensor: there is nothing to write");
  return kept;
}

async function resultOf(
  file: SafetensorsFile,
  kept: ReadonlySet<string>,
  cast: Cast | undefined,
  options: ConvertOptions,
  terminal: Terminal,
): Promise<Result> {
  const from = options.keys?.from ?? guessStyle(file);
  const to = options.keys?.to ?? from;
  const take: TakeOptions = {
    cast,
    lossy: options.lossy,
    select: kept.size < file.names.length ? (name) => kept.has(name) : undefined,
    signal: terminal.signal,
    onWarning: (message) => terminal.warn(explain(message)),
  };
  const metadata = editMetadata(file.metadata, options.metadata);
  const structure = options.structure ?? (to === "pytree" ? "auto" : "never");
  const shared = { metadata, objects: options.objects, strict: options.strict };
  const renamed = renameAll([...kept], options.rename);
  if (Object.hasOwn(file.metadata, STRUCTURE_KEY)) {
    const whole = await treeOf(file, from, take);
    const tree = renamed ? renameTree(whole, from, renamingOf(options.rename)) : whole;
    return { tree: options.reindex ? compactLists(tree) : tree, keys: to, structure, ...shared };
  }
  const flat = [...(await flatOf(file, take))];
  const names = flat.map(([name]) => renamed?.get(name) ?? name);
  const final = options.reindex ? reindexNames(names, from) : names;
  const leaves = flat.map(([, leaf], i) => [final[i]!, leaf] as const);
  if (from === to && options.objects === "dict" && structure !== "always") {
    return { tree: new Map(leaves), keys: VERBATIM, structure: "never", ...shared };
  }
  return { tree: dict2pytree(Object.fromEntries(leaves), { keys: from }), keys: to, structure, ...shared };
}

/** Says which `--dtype` has nothing to do; one with a pattern is a mistake then. */
function checkRules(rules: readonly DtypeRule[], entries: readonly PlanEntry[], terminal: Terminal): void {
  for (const rule of rules) {
    const mine = entries.filter(({ from }) => decidingRule(rules, from.name, from) === rule);
    // A rule may also be there to keep others off.
    const others = rules.filter((other) => other !== rule);
    const without = ({ from }: PlanEntry) => decidingRule(others, from.name, from)?.dtype ?? from.dtype;
    if (mine.some((entry) => entry.dtype === rule.dtype && without(entry) !== rule.dtype)) continue;
    const stays = mine.find(({ dtype }) => dtype !== rule.dtype);
    const why =
      stays !== undefined
        ? `${quote(stays.from.name)} is a number of the tree and stays ${stays.dtype}`
        : mine.length > 0
          ? `${mine.length === 1 ? `${quote(mine[0]!.from.name)} is` : `${plural(mine.length, "tensor")} are`} ${rule.dtype} already`
          : rule.pattern !== undefined
            ? "a later --dtype decides about what it matches"
            : `it is for ${kindName(rule.dtype)}, and no selected tensor has any`;
    const message = `--dtype ${rule.text} changes nothing: ${why}`;
    if (rule.pattern !== undefined && stays !== undefined) throw new UsageError(message);
    terminal.warn(message);
  }
}

function checkEdits({ metadata }: SafetensorsFile, edits: readonly string[], terminal: Terminal): void {
  for (const edit of edits) {
    const key = edit.slice(0, -1);
    if (edit.indexOf("=") === edit.length - 1 && !Object.hasOwn(metadata, key))
      terminal.warn(`--metadata ${edit} changes nothing: the file has no such metadata`);
  }
}

/** The tensors of a result with their names there and what they were. */
function entriesOf(file: SafetensorsFile, { tree, keys, objects = "dict" }: Result): PlanEntry[] {
  return Object.entries(pytree2dict(tree, { keys: keys as KeyStyleName, objects })).flatMap(
    ([name, leaf]) => {
      if (!(leaf instanceof LazyTensor)) return typeof leaf === "string" ? [] : [scalarEntry(name, leaf)];
      const { dtype, shape, byteLength } = leaf;
      const old = file.info(leaf.name);
      const from = { name: leaf.name, dtype: old.dtype, bytes: old.byteLength };
      return [{ name, dtype, shape, parameters: sizeOf(shape), bytes: byteLength, from }];
    },
  );
}

function scalarEntry(name: string, value: unknown): PlanEntry {
  const bytes = typeof value === "boolean" ? 1 : 8;
  const dtype =
    typeof value === "number"
      ? "F64"
      : typeof value === "boolean"
        ? "BOOL"
        : (value as bigint) < 2n ** 63n
          ? "I64"
          : "U64";
  return { name, dtype, shape: [], parameters: 1, bytes, from: { name, dtype, bytes } };
}
