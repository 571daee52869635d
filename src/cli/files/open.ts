import { openSafetensors, type SafetensorsFile } from "../../index.node.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

/** Opens what a command was given: a path, a URL, the index of a sharded checkpoint. Close it after use. */
export function open(place: string, terminal: Terminal): Promise<SafetensorsFile> {
  return openSafetensors(place, {
    signal: terminal.signal,
    onWarning: (error) => terminal.warn(`${printable(place)}: ${error.message}`),
  });
}

/** The last part of a path or URL, to call a file by. */
export function baseName(place: string): string {
  const path = /^https?:/i.test(place) ? decodeURIComponent(new URL(place).pathname) : place;
  return printable(path.split(/[/\\]/).findLast((part) => part !== "") ?? place);
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

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
