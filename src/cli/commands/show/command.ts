import { Command } from "commander";
import { isPytree2SafetensorsError } from "../../../index.node.ts";
import { UsageError } from "../../args/exit.ts";
import { examples, jsonOption } from "../../args/options.ts";
import { selectNames } from "../../args/patterns.ts";
import { open } from "../../files/open.ts";
import { readCorners } from "../../numpy/corners.ts";
import { printArray } from "../../numpy/print.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, printable } from "../../terminal/text.ts";
import { hasNumbers } from "../../values/chunks.ts";

interface Options {
  readonly slice?: string;
  readonly full?: boolean;
  readonly json?: boolean;
}

// numpy's own line width, where no terminal has another.
const LINE = 75;

/** `show FILE KEY`: values as numpy prints them. */
export function showCommand(terminal: Terminal): Command {
  const command = new Command("show")
    .summary("print values as numpy does")
    .description(
      "Prints the values of a tensor as numpy prints them. Of more than 1000 only the corners are read and shown.",
    )
    .argument("<file>", "a path, a URL, or the index of a sharded checkpoint")
    .argument("<key>", "the tensor's name, or a pattern that only one matches")
    .option("-s, --slice <slice>", 'a part of it, as numpy writes it: "0:4, :, -1"')
    .option("--full", "print all values")
    .addOption(jsonOption())
    .action((place: string, key: string, options: Options) => show(place, key, options, terminal));
  return examples(command, [
    ["show model.safetensors embedding", "the corners"],
    ["show model.safetensors embedding --slice '0, :8'", "the beginning of the first row"],
    ["show model.safetensors step --json", "for programs"],
  ]);
}

async function show(place: string, key: string, options: Options, terminal: Terminal): Promise<void> {
  await using file = await open(place, terminal);
  const name = file.has(key) ? key : only(selectNames(file.names, [key]), key);
  const { dtype } = file.info(name);
  if (!hasNumbers(dtype))
    throw new UsageError(
      `${printable(name)} is ${dtype}, whose packing is not fixed: there are no values to show`,
    );
  const { slice, full = false, json } = options;
  const corners = await readCorners(file, name, {
    slice,
    full: full || json === true,
    signal: terminal.signal,
  }).catch(explain);
  if (json) {
    terminal.json({
      file: place,
      name,
      dtype,
      shape: corners.shape,
      values: nest(corners.elements, corners.shape),
    });
    return;
  }
  const { color, width } = terminal;
  const title = `${color.bold(printable(name) || '""')}${slice === undefined ? "" : color.dim(`[${slice.replace(/^\[|\]$/g, "")}]`)}`;
  terminal.print(`${title}  ${color.green(dtype)}${formatShape(corners.shape)}`);
  terminal.print(printArray(corners, Number.isFinite(width) ? width : LINE));
}

function only(names: readonly string[], key: string): string {
  if (names.length === 1) return names[0]!;
  const some = names.slice(0, 3).map((name) => JSON.stringify(name));
  throw new UsageError(
    `${JSON.stringify(key)} matches ${names.length} tensors: ${some.join(", ")}${names.length > 3 ? ", …" : ""}; show takes one`,
  );
}

// A slice that can't be is wrong use, whoever finds out.
function explain(error: unknown): never {
  if (isPytree2SafetensorsError(error) && /Slice$/.test(error.code)) throw new UsageError(error.message);
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
