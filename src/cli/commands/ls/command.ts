/** `ls FILE…`: one full name per line, for `grep`, `sort` and `cut`. */
import { Command, Option } from "commander";
import { collect, examples, jsonOption } from "../../args/options.ts";
import { Selection } from "../../args/patterns.ts";
import { open } from "../../files/open.ts";
import { placeName } from "../../files/place.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { pad, printable, widthOf } from "../../terminal/text.ts";
import { inNaturalOrder } from "../../trees/natural.ts";

interface Options {
  readonly only: readonly string[];
  readonly sort: "name" | "size" | "file";
  readonly json?: boolean;
}

interface Entry {
  readonly file: string;
  readonly name: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly bytes?: number;
  /** The file in which an index lists it, where that file does not have it. */
  readonly missing?: string;
}

export function lsCommand(terminal: Terminal): Command {
  const command = new Command("ls")
    .summary("list tensors, one full name per line")
    .description(
      "Lists tensors, one per line: bytes, dtype, shape, and the full name last, however long it is. Names are in natural order (layer 2 before layer 10). Tensors that an index lists but their file lacks are shown as missing. With several files, each line begins with the file.",
    )
    .argument("<file...>", "paths, URLs, indexes of sharded checkpoints, - for standard input")
    .option(
      "--only <pattern>",
      "list these tensors only: a key, or a pattern with *; may be repeated",
      collect,
      [],
    )
    .addOption(
      new Option("--sort <by>", "order of the lines: by name, the largest first, or as in the file")
        .choices(["name", "size", "file"])
        .default("name"),
    )
    .addOption(jsonOption())
    .action((places: string[], options: Options) => ls(places, options, terminal));
  return examples(command, [
    ["ls model.safetensors", "everything"],
    ["ls model.safetensors | grep -c BF16", "count by dtype"],
    ["ls a.safetensors b.safetensors --only '*.bias'", "of several files"],
  ]);
}

async function ls(places: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const entries: Entry[] = [];
  const selection = new Selection(options.only);
  for (const place of places) {
    await using file = await open(place, terminal, { listsMissing: true });
    const names = selection.of([...file.names, ...file.missing.keys()]);
    for (const name of options.sort === "file" ? names : inNaturalOrder(names)) {
      const shard = file.missing.get(name);
      if (shard !== undefined) entries.push({ file: placeName(place), name, missing: shard });
      else {
        const { dtype, shape, byteLength } = file.info(name);
        entries.push({ file: placeName(place), name, dtype, shape, bytes: byteLength });
      }
    }
  }
  selection.finish();
  if (options.sort === "size") entries.sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  if (options.json) terminal.json(entries);
  else terminal.print(draw(entries, places.length > 1, terminal));
}

/** The name last: it alone may be longer than the line, and is never cut. */
function draw(entries: readonly Entry[], withFile: boolean, { color }: Terminal): string[] {
  const rows = entries.map(({ file, name, dtype, shape, bytes }) => ({
    file: withFile ? `${printable(file)}  ` : "",
    bytes: bytes === undefined ? "-" : String(bytes),
    dtype: dtype ?? "missing",
    // Without spaces, so that programs see one field.
    shape: shape === undefined ? "-" : `[${shape.join(",")}]`,
    name: printable(name) || '""',
  }));
  const widest = (key: "bytes" | "dtype" | "shape") =>
    rows.reduce((most, row) => Math.max(most, widthOf(row[key])), 0);
  const [bytes, dtype, shape] = [widest("bytes"), widest("dtype"), Math.min(40, widest("shape"))];
  return rows.map(
    (row) =>
      `${row.file}${pad(row.bytes, bytes, "right")}  ${color.green(pad(row.dtype, dtype))}  ${color.dim(pad(row.shape, shape))}  ${row.name}`,
  );
}
