/** Opens what a command was given. */
import { openSafetensors, type SafetensorsFile } from "../../index.node.ts";
import { explain } from "../args/explain.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable, quote } from "../terminal/text.ts";
import { sizeOf } from "../values/size.ts";
import { keyIn, prepare, sourceOptions, storeOf } from "./access.ts";
import { isAddress, isFolderAddress, lastPart, placeName } from "./place.ts";
import { isStandardInput, standardInput } from "./standard.ts";

/** How a file is opened. */
export interface OpenOptions {
  /** Says nothing of tensors that an index lists and that are missing: the command itself lists them. */
  readonly listsMissing?: boolean;
}

/**
 * Opens a path, an address, a folder, the index of a sharded checkpoint, or standard input (`-`). Close it after use.
 */
export async function open(
  place: string,
  terminal: Terminal,
  { listsMissing = false }: OpenOptions = {},
): Promise<SafetensorsFile> {
  const { signal, access } = terminal;
  const onWarning = (error: Error) => terminal.warn(`${placeName(place)}: ${explain(error.message)}`);
  const file = await openPlace();
  if (!listsMissing && file.missing.size > 0) {
    const names = [...file.missing.keys()].slice(0, 3).map((name) => quote(name, 80));
    const more = file.missing.size > names.length ? `, … (${file.missing.size} in all)` : "";
    onWarning(new Error(`the index lists tensors that its files don't have: ${names.join(", ")}${more}`));
  }
  return file;

  async function openPlace(): Promise<SafetensorsFile> {
    if (isStandardInput(place)) return openSafetensors(await standardInput(terminal), { signal, onWarning });
    await prepare(place);
    const options = { ...sourceOptions(place, access), signal, onWarning };
    if (access.cache === undefined || !isAddress(place)) return openSafetensors(place, options);
    const store = await storeOf(place, access, signal);
    if (isFolderAddress(place)) return openSafetensors(store, options);
    const source = await store.source(keyIn(place), { signal });
    // It was opened here, so it is closed here.
    terminal.ends.push(async () => source.close?.());
    return openSafetensors(source, { ...options, shards: async (name) => store.source(name, { signal }) });
  }
}

/** The last part of a path or address, to call a file by; safe to print. */
export function baseName(place: string): string {
  if (isStandardInput(place)) return "standard input";
  return printable(lastPart(place) ?? place);
}

/** Totals of some tensors of a file. */
export function totalsOf(file: SafetensorsFile, names: Iterable<string> = file.names) {
  const totals = { tensors: 0, parameters: 0, bytes: 0 };
  for (const name of names) {
    const { shape, byteLength } = file.info(name);
    totals.tensors++;
    totals.parameters += sizeOf(shape);
    totals.bytes += byteLength;
  }
  return totals;
}
