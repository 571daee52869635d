/** `show FILE [KEY]`: values as numpy prints them. */
import { Command } from "commander";
import { isPytree2SafetensorsError } from "../../../index.node.ts";
import { UsageError } from "../../args/exit.ts";
import { examples, jsonOption } from "../../args/options.ts";
import { selectNames } from "../../args/patterns.ts";
import { open } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import { readCorners } from "../../numpy/corners.ts";
import { printArray } from "../../numpy/print.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, nameCell, printable, quote, truncateMiddle, widthOf } from "../../terminal/text.ts";
import { inNaturalOrder } from "../../trees/natural.ts";
import { hasNumbers } from "../../values/chunks.ts";

interface Options {
  readonly slice?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

// numpy's own line width, where no terminal has another.
const LINE = 75;

export function showCommand(terminal: Terminal): Command {
  const command = new Command("show")
    .summary("print values as numpy does")
    .description(
      "Prints the values of a tensor as numpy prints them. If there are more than 1000, only the corners are read and shown. BF16 and 8-bit floats print as arrays of ml_dtypes do.",
    )
    .argument("<file>", "a path, a URL, the index of a sharded checkpoint, or - for standard input")
    .argument(
      "[key]",
      "the tensor's name, or a pattern that matches only one; optional if the file has only one tensor",
    )
    .option("-s, --slice <slice>", 'a part of it, as numpy writes it: "0:4, :, -1"')
    .option("--full", "print all values")
    .addOption(jsonOption())
    .action((place: string, key: string | undefined, options: Options) =>
      show(place, key, options, terminal),
    );
  return examples(command, [
    ["show model.safetensors embedding", "the corners"],
    ["show scalar.safetensors", "the only tensor of a file"],
    ["show model.safetensors embedding --slice '0, :8'", "the beginning of the first row"],
    ["show model.safetensors step --json", "for programs"],
  ]);
}

async function show(
  place: string,
  key: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<void> {
  await using file = await open(place, terminal);
  if (key === undefined && file.names.length > 1 && !options.json) {
    terminal.warn(`the file has ${file.names.length} tensors: name one to see its values`);
    terminal.print(inNaturalOrder(file.names).map((name) => printable(name) || '""'));
    return;
  }
  const name = pick(file.names, key);
  const { dtype } = file.info(name);
  if (!hasNumbers(dtype))
    throw new UsageError(
      `${quote(name)} is ${dtype}, whose packing is not fixed: there are no values to show`,
    );
  const { slice, full = false, json } = options;
  const corners = await readCorners(file, name, {
    slice,
    full: full || json === true,
    signal: terminal.signal,
  }).catch(explain);
  if (json) {
    terminal.json({
      file: placeName(place),
      name,
      dtype,
      shape: corners.shape,
      values: nest(corners.elements, corners.shape),
    });
    return;
  }
  const { color, unicode, width } = terminal;
  const title = `${color.bold(nameCell(name))}${slice === undefined ? "" : color.dim(`[${slice.replace(/^\[|\]$/g, "")}]`)}`;
  const info = color.green(dtype) + formatShape(corners.shape);
  const room = Math.max(8, width - widthOf(info) - 2);
  terminal.print(`${truncateMiddle(title, room, unicode ? "…" : "~")}  ${info}`);
  terminal.print(printArray(corners, Number.isFinite(width) ? width : LINE));
}

// More would push the reason out of sight.
const MAX_LISTED = 20;

/** The one tensor that is meant. */
function pick(names: readonly string[], key: string | undefined): string {
  if (key !== undefined && names.includes(key)) return key;
  const found = key === undefined ? names : selectNames(names, [key]);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new UsageError("the file has no tensors");
  const list = inNaturalOrder(found).slice(0, MAX_LISTED);
  const more = found.length > list.length ? `, … (p2s ls lists all)` : "";
  const shown = `${list.map((name) => quote(name, 80)).join(", ")}${more}`;
  throw new UsageError(
    key === undefined
      ? `the file has ${found.length} tensors, show takes one: ${shown}`
      : `${quote(key)} matches ${found.length} tensors, show takes one: ${shown}`,
  );
}

// A slice that can't be is wrong use, whoever finds out.
function explain(error: unknown): never {
  if (isPytree2SafetensorsError(error) && /Slice$/.test(error.code))
    throw new UsageError(error.message.replace(/^slice /, "--slice "));
  throw error;
}

function nest(elements: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length === 0) return elements[0];
  const [, ...inner] = shape;
  const stride = inner.reduce((product, dimension) => product * dimension, 1);
  return Array.from({ length: shape[0]! }, (_, i) =>
    nest(elements.slice(i * stride, (i + 1) * stride), inner),
  );
}
