// Opens checkpoints with `openSafetensors`, whatever a person has chosen.

import { guessStyle } from "../../../src/cli/trees/key-styles.ts";
import type { KeyStyleName } from "../../../src/index.ts";
import { openSafetensors, type SafetensorsFile } from "../../../src/index.ts";
import { type Checkpoint, groupFiles, type Input, type NamedFile, stepOf } from "./input.ts";

/** An open checkpoint as the views take it. */
export interface OpenedFile {
  readonly title: string;
  readonly file: SafetensorsFile;
  /** How its names spell key paths. */
  readonly style: KeyStyleName;
  /** Whether it is a single file, whose offsets mean something. */
  readonly single: boolean;
  /** What was odd about it, in the library's words. */
  readonly warnings: readonly string[];
}

/** An open checkpoint of a training run. */
export interface OpenedStep extends OpenedFile {
  readonly step: number;
}

/** What the page shows. */
export type Session =
  | { readonly kind: "file"; readonly file: OpenedFile }
  | { readonly kind: "pair"; readonly a: OpenedFile; readonly b: OpenedFile }
  | { readonly kind: "steps"; readonly steps: readonly OpenedStep[] };

/** Something that can't be opened the way it was given. */
export class InputError extends Error {}

/** Opens what a person gave: one checkpoint, two to compare, or the steps of a run. */
export async function openInput(input: Input, signal: AbortSignal): Promise<Session> {
  if (input.kind === "addresses") {
    return openCheckpoints(
      input.addresses.map((address) => ({ kind: "address", address })),
      signal,
    );
  }
  const files = groupFiles(input.files);
  if (files.length === 0) throw new InputError(nothingIn(input.files));
  return openCheckpoints(files, signal);
}

async function openCheckpoints(checkpoints: readonly Checkpoint[], signal: AbortSignal): Promise<Session> {
  const steps = checkpoints.map((checkpoint) => stepOf(pathOf(checkpoint)));
  const isRun = checkpoints.length > 1 && steps.every((step) => step !== undefined);
  if (checkpoints.length > 2 && !isRun) return openTogether(checkpoints, signal);
  const opened: OpenedFile[] = [];
  try {
    for (const checkpoint of checkpoints) opened.push(await openCheckpoint(checkpoint, signal));
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
  if (isRun) {
    const list = opened.map((file, i) => ({ ...file, step: steps[i]! }));
    return { kind: "steps", steps: list.sort((a, b) => a.step - b.step) };
  }
  const [a, b] = opened;
  return b === undefined ? { kind: "file", file: a! } : { kind: "pair", a: a!, b };
}

/** Files without an index whose names don't say that they belong together: one checkpoint, if no name is twice in them. */
async function openTogether(checkpoints: readonly Checkpoint[], signal: AbortSignal): Promise<Session> {
  const shards = checkpoints.flatMap((checkpoint) => (checkpoint.kind === "file" ? [checkpoint.file] : []));
  if (shards.length < checkpoints.length)
    throw new InputError(`You chose ${checkpoints.length} checkpoints. Open one, or two to compare them.`);
  const file = await openCheckpoint({ kind: "shards", title: `${shards.length} files`, shards }, signal);
  return { kind: "file", file };
}

/** Opens one checkpoint. */
export async function openCheckpoint(checkpoint: Checkpoint, signal: AbortSignal): Promise<OpenedFile> {
  const warnings: string[] = [];
  const options = { signal, onWarning: (error: Error) => warnings.push(error.message) };
  const file = await openFile(checkpoint, options);
  const single = checkpoint.kind === "file" || /\.safetensors$/.test(pathOf(checkpoint));
  return { title: titleOf(checkpoint), file, style: guessStyle(file), single, warnings };
}

/** Closes files; whatever goes wrong with that, nobody waits for it. */
export async function closeAll(files: readonly OpenedFile[]): Promise<void> {
  await Promise.allSettled(files.map(({ file }) => file.close()));
}

type Options = { readonly signal: AbortSignal; readonly onWarning: (error: Error) => void };

async function openFile(checkpoint: Checkpoint, options: Options): Promise<SafetensorsFile> {
  switch (checkpoint.kind) {
    case "file":
      return openSafetensors(checkpoint.file.file, options);
    case "address":
      return openSafetensors(addressOf(checkpoint.address), options);
    case "index":
      return openSafetensors(checkpoint.index.file, { ...options, shards: find(checkpoint.shards) });
    case "shards": {
      const index = await makeIndex(checkpoint.shards, options);
      return openSafetensors(index, { ...options, shards: find(checkpoint.shards) });
    }
  }
}

/** Finds the shards of an index among the files that were chosen with it. */
function find(shards: readonly NamedFile[]): (name: string) => File {
  return (name) => {
    const found = shards.find(({ path }) => path === name || path.endsWith(`/${name}`));
    if (found) return found.file;
    throw new InputError(
      "it was not chosen; choose the index together with all its files, or choose their folder",
    );
  };
}

/** The index that a checkpoint of several files lacks: which tensor is in which file. */
async function makeIndex(shards: readonly NamedFile[], options: Options): Promise<Blob> {
  const places = new Map<string, string>();
  for (const { path, file } of shards) {
    const part = await openSafetensors(file, options);
    for (const name of part.names) {
      const other = places.get(name);
      if (other !== undefined)
        throw new InputError(
          `The files ${other} and ${path} both have a tensor named ${name}, so they don't belong to one checkpoint. Open one, or two to compare them.`,
        );
      places.set(name, path);
    }
    await part.close();
  }
  const weights = [...places].map(([name, path]) => `${JSON.stringify(name)}:${JSON.stringify(path)}`);
  return new Blob([`{"weight_map":{${weights.join(",")}}}`]);
}

/** An address as the library takes it; those without a scheme lie beside the page. */
function addressOf(address: string): string {
  return /^[a-z][a-z\d+.-]*:/i.test(address) ? address : new URL(address, document.baseURI).href;
}

function pathOf(checkpoint: Checkpoint): string {
  switch (checkpoint.kind) {
    case "file":
      return checkpoint.file.path;
    case "index":
      return checkpoint.index.path;
    case "shards":
      return checkpoint.shards[0]!.path;
    case "address":
      return /^https?:/i.test(checkpoint.address) ? new URL(checkpoint.address).pathname : checkpoint.address;
  }
}

function titleOf(checkpoint: Checkpoint): string {
  if (checkpoint.kind === "shards") return checkpoint.title;
  const last = pathOf(checkpoint)
    .split("/")
    .findLast((part) => part !== "");
  try {
    return decodeURIComponent(last ?? "");
  } catch {
    return last ?? "";
  }
}

function nothingIn(files: readonly NamedFile[]): string {
  if (files.length === 0) return "The folder is empty.";
  const some = files.slice(0, 3).map(({ path }) => path);
  return `No safetensors file found, only ${some.join(", ")}${files.length > 3 ? `, and ${files.length - 3} more` : ""}.`;
}
