/** Opens what a command was given. */
import { openSafetensors, type SafetensorsFile } from "../../index.node.ts";
import { explain } from "../args/explain.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";
import { sizeOf } from "../values/size.ts";
import { isStandardInput, standardInput } from "./standard.ts";

/** Opens a path, a URL, the index of a sharded checkpoint, or standard input (`-`). Close it after use. */
export async function open(place: string, terminal: Terminal): Promise<SafetensorsFile> {
  const source = isStandardInput(place) ? await standardInput(terminal) : place;
  return openSafetensors(source, {
    signal: terminal.signal,
    onWarning: (error) => terminal.warn(`${place}: ${explain(error.message)}`),
  });
}

/** Whether a place is an address on the network. */
export function isUrl(place: string): boolean {
  return /^https?:/i.test(place);
}

/** The last part of a path or URL, to call a file by; safe to print. */
export function baseName(place: string): string {
  if (isStandardInput(place)) return "standard input";
  const path = isUrl(place) ? decoded(new URL(place).pathname) : place;
  return printable(path.split(/[/\\]/).findLast((part) => part !== "") ?? place);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a percent sign that stands for itself
  }
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
