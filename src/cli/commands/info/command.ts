/** `info FILE…`: facts of the format. */
import { Command } from "commander";
import { examples, jsonOption } from "../../args/options.ts";
import { open } from "../../files/open.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { type Facts, gatherFacts } from "./facts.ts";
import { drawFacts } from "./view.ts";

export function infoCommand(terminal: Terminal): Command {
  const command = new Command("info")
    .summary("show format facts: sizes, dtypes, metadata, shards")
    .description(
      "Shows the facts of a file: header size, tensors, parameters and bytes by dtype, packed weights, alignment, structure, metadata, tied weights, shards. Only headers are read. Low-bit weights that are packed into integers are counted one by one if their names identify them (GPTQ, AWQ, bitsandbytes, compressed-tensors, MXFP4); their scales and tables don't count as parameters.",
    )
    .argument("<file...>", "paths, URLs, indexes of sharded checkpoints, - for standard input")
    .addOption(jsonOption())
    .action((places: string[], options: { readonly json?: boolean }) => info(places, options, terminal));
  return examples(command, [
    ["info model.safetensors", "all there is to know"],
    ["info model.safetensors --json | jq .metadata", "for programs"],
  ]);
}

async function info(
  places: readonly string[],
  options: { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const answers: Facts[] = [];
  for (const [i, place] of places.entries()) {
    await using file = await open(place, terminal, { listsMissing: true });
    const facts = gatherFacts(place, file);
    if (options.json) {
      answers.push(facts);
      continue;
    }
    if (i > 0) terminal.print("");
    terminal.print(drawFacts(facts, terminal));
  }
  if (options.json) terminal.json(places.length === 1 ? answers[0] : answers);
}
