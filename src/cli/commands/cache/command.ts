/** `cache [FOLDER]`: shows the size of the cache of `--cache`, and trims it. */
import { Command } from "commander";
import { openStore, trimCache } from "../../../index.node.ts";
import { cacheFolder } from "../../args/access.ts";
import { parseBytes } from "../../args/bytes.ts";
import { examples, jsonOption } from "../../args/options.ts";
import { formatBytes, plural } from "../../terminal/sizes.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable } from "../../terminal/text.ts";

interface Options {
  readonly trim?: number;
  readonly json?: boolean;
}

/** `cache [FOLDER]`: shows and trims the cache. */
export function cacheCommand(terminal: Terminal): Command {
  const command = new Command("cache")
    .summary("show the size of the cache, and trim it")
    .description(
      "Shows where --cache keeps its files and how large they are. --trim removes the oldest until the rest fits the size. Other files in the folder are left alone.",
    )
    .argument("[folder]", "the folder of the cache; the platform's cache folder by default")
    .option("--trim <size>", "remove the oldest until the cache is no larger: 10GB, 500MiB, 0", parseBytes)
    .addOption(jsonOption())
    .action((folder: string | undefined, options: Options) =>
      cache(folder ?? cacheFolder(), options, terminal),
    );
  return examples(command, [
    ["cache", "show where it is and how large"],
    ["cache --trim 10GB", "keep at most 10 GB"],
  ]);
}

async function cache(folder: string, { trim, json }: Options, terminal: Terminal): Promise<void> {
  if (trim !== undefined) await trimCache(folder, trim);
  const store = await openStore(folder);
  let [blocks, bytes] = [0, 0];
  for await (const { key, size } of store.list("", { shallow: true, signal: terminal.signal })) {
    if (!key.endsWith(".block")) continue;
    blocks++;
    bytes += size;
  }
  if (json) terminal.json({ folder, blocks, bytes });
  else terminal.print(`${printable(folder)}  ${plural(blocks, "block")}, ${formatBytes(bytes)}`);
}
