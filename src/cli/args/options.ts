/** Options that several commands have. */
import { type Command, Option } from "commander";
import { KEY_STYLES } from "../../index.node.ts";
import { parseStyle } from "./keys.ts";

/** `--json`, for programs. */
export function jsonOption(): Option {
  return new Option("--json", "print JSON, for programs");
}

/** `--keys STYLE`, for commands that read trees. */
export function keysOption(): Option {
  const styles = Object.keys(KEY_STYLES).join(", ");
  return new Option(
    "-k, --keys <style>",
    `how names spell key paths: ${styles}; guessed by default`,
  ).argParser(parseStyle);
}

/** `--header`, `--token` and `--cache`, for commands that read files. */
export function accessOptions(): Option[] {
  const group = "Network options:";
  return [
    new Option("--header <line>", "a header to send to http(s) addresses, as 'Name: value'; may be repeated")
      .argParser(collect)
      .helpGroup(group),
    new Option("--token <token>", "the token for hf:// addresses; HF_TOKEN by default").helpGroup(group),
    new Option("--cache [folder]", "keep what is read of addresses on the disk for the next time").helpGroup(
      group,
    ),
  ];
}

/** Collects an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** Adds examples to a command's help. */
export function examples(
  command: Command,
  list: readonly (readonly [command: string, says: string])[],
): Command {
  const lines = list.map(([line, says]) => `  # ${says}\n  $ p2s ${line}`);
  return command.addHelpText("after", `\nExamples:\n${lines.join("\n\n")}`);
}
