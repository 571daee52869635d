/** `complete SHELL`: the script that teaches a shell to complete; `complete -- WORDS`: what the script asks for. */
import { RootCommand, script } from "@bomb.sh/tab";
import { Argument, Command, type Option } from "commander";
import { UsageError } from "../../args/exit.ts";
import { examples } from "../../args/options.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { type Candidates, findCandidates } from "./candidates.ts";

declare module "commander" {
  interface Command {
    /** The arguments as they were given; its own declarations leave it out. */
    readonly rawArgs: readonly string[];
  }
}

const SHELLS = ["bash", "zsh", "fish", "powershell"];

// Options that take the names of tensors, and those that take paths.
const NAMES = /^--(only|select|drop|rename|dtype)$/;
const PATHS = /^--output$/;

export function completionCommand(terminal: Terminal): Command {
  const command = new Command("complete")
    .summary("print a script that makes a shell complete commands, files and tensors")
    .description(
      "Prints a script for a shell, which then completes commands, options, files and the names of tensors. Names with characters that are special to a shell are not offered. bash needs the bash-completion package.",
    )
    .addArgument(new Argument("[shell]", "the shell").choices(SHELLS))
    .argument("[words...]", "words to complete, after --: what the script asks for")
    .action((_shell: string | undefined, _words: string[], _options: unknown, self: Command) =>
      complete(self, terminal),
    );
  // The words that the script asks about are no shells.
  command.registeredArguments[0]!.argParser((value) => value);
  return examples(command, [
    ["complete bash > ~/.local/share/bash-completion/completions/p2s", "for bash"],
    ["complete zsh > ~/.zfunc/_p2s", "for zsh, with ~/.zfunc in fpath"],
    ["complete fish > ~/.config/fish/completions/p2s.fish", "for fish"],
  ]);
}

async function complete(self: Command, terminal: Terminal): Promise<void> {
  const program = self.parent!;
  // What was given before commander took the -- away.
  const [, first, ...words] = program.rawArgs;
  if (first === "--") {
    const candidates = await findCandidates(words, terminal);
    // The library takes the empty last word off the list.
    printing(terminal, () => describe(program, candidates).parse([...words]));
    return;
  }
  if (first === undefined || !SHELLS.includes(first))
    throw new UsageError(`name a shell: ${SHELLS.join(", ")}`);
  // Without this, bash takes the @ of a name for the end of a word.
  if (first === "bash") terminal.print(`COMP_WORDBREAKS=\${COMP_WORDBREAKS//@/}`);
  printing(terminal, () => script(first, program.name(), program.name()));
}

/** The commands as the library wants to know them. */
function describe(program: Command, { names, paths }: Candidates): RootCommand {
  const root = new RootCommand();
  for (const command of program.commands) {
    const known = root.command(command.name(), command.summary());
    const offer = (list: readonly string[]) => (add: (value: string, description: string) => void) => {
      for (const item of list) add(item, "");
    };
    for (const option of command.options) {
      const long = option.long?.replace(/^--/, "") ?? "";
      const short = option.short?.replace(/^-/, "");
      const handler = valuesOf(option, names, paths);
      if (handler === undefined) known.option(long, option.description, short);
      else known.option(long, option.description, offer(handler), short);
    }
    for (const argument of command.registeredArguments) {
      const list = argument.argChoices ?? (argument.name() === "key" ? names : paths);
      known.argument(argument.name(), offer(list), argument.variadic);
    }
  }
  return root;
}

/** What an option's value may be; `undefined` if it takes none. */
function valuesOf(
  option: Option,
  names: readonly string[],
  paths: readonly string[],
): readonly string[] | undefined {
  if (!option.required && !option.optional) return undefined;
  if (option.argChoices) return option.argChoices;
  if (NAMES.test(option.long ?? "")) return names;
  return PATHS.test(option.long ?? "") ? paths : [];
}

/** The library prints by `console.log`; here that is the terminal of the command. */
function printing(terminal: Terminal, action: () => void): void {
  const { log } = console;
  console.log = (text: string) => terminal.print(text);
  try {
    action();
  } finally {
    console.log = log;
  }
}
