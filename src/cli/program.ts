/** The command line as a whole: its commands, its help, and how it ends. */
import { readFileSync } from "node:fs";
import { Command, CommanderError, type Option } from "commander";
import { isPytree2SafetensorsError } from "../index.node.ts";
import { parseAccess } from "./args/access.ts";
import { EXIT, exitCodeOf } from "./args/exit.ts";
import { explain } from "./args/explain.ts";
import { accessOptions } from "./args/options.ts";
import { Interrupted, type Terminal } from "./terminal/terminal.ts";

/** The commands, in the order of the help. Each is loaded when it is called, for most of the code is of one of them. */
const COMMANDS: Readonly<Record<string, () => Promise<(terminal: Terminal) => Command>>> = {
  tree: async () => (await import("./commands/tree/command.ts")).treeCommand,
  ls: async () => (await import("./commands/ls/command.ts")).lsCommand,
  info: async () => (await import("./commands/info/command.ts")).infoCommand,
  stats: async () => (await import("./commands/stats/command.ts")).statsCommand,
  view: async () => (await import("./commands/view/command.ts")).viewCommand,
  report: async () => (await import("./commands/report/command.ts")).reportCommand,
  show: async () => (await import("./commands/show/command.ts")).showCommand,
  diff: async () => (await import("./commands/diff/command.ts")).diffCommand,
  verify: async () => (await import("./commands/verify/command.ts")).verifyCommand,
  convert: async () => (await import("./commands/convert/command.ts")).convertCommand,
  merge: async () => (await import("./commands/merge/command.ts")).mergeCommand,
  split: async () => (await import("./commands/split/command.ts")).splitCommand,
  cache: async () => (await import("./commands/cache/command.ts")).cacheCommand,
  complete: async () => (await import("./commands/completion/command.ts")).completionCommand,
};

/** The command that is called; all of them for help, and for completion, which tells of all. */
function calledCommands([first = ""]: readonly string[]): readonly string[] {
  const names = Object.keys(COMMANDS);
  return first !== "complete" && names.includes(first) ? [first] : names;
}

// What arguments are called that take a place to read from.
const PLACES = /^(files?|in|a|b)$/;

/** Runs the command line and gives its exit code; a command that found something gives its own. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const load = calledCommands(args).map((name) => COMMANDS[name]!());
    const program = createProgram(await Promise.all(load), terminal);
    await program.parseAsync(withoutGuess(unlessUnknown(args)), { from: "user" });
    return terminal.exit.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.trouble;
    if (terminal.signal.aborted || error instanceof Interrupted) return EXIT.interrupted;
    terminal.fail(messageOf(error));
    return exitCodeOf(error);
  } finally {
    for (const end of terminal.ends.splice(0).reverse()) await end().catch(() => {});
  }
}

/** Help for a command that isn't there is the error of calling it, which says so. */
function unlessUnknown(args: readonly string[]): readonly string[] {
  const [first, name = ""] = args;
  return first === "help" && /^[a-z]/.test(name) && name !== first && !Object.hasOwn(COMMANDS, name)
    ? [name]
    : args;
}

/** `--cache` alone must not take the next word for its folder: that is a file more often. */
function withoutGuess(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, i) => (arg === "--cache" && (end < 0 || i < end) ? "--cache=" : arg));
}

function createProgram(commands: readonly ((terminal: Terminal) => Command)[], terminal: Terminal): Command {
  const program = new Command("p2s")
    .description("Look at safetensors files and the pytrees in them, check, compare and convert them.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help for a command")
    .showHelpAfterError("(p2s help shows what there is)")
    .addHelpText(
      "after",
      `
A file is a path, an address (https://, hf://owner/repo, s3://bucket/key), the
model.safetensors.index.json of a sharded checkpoint, a folder with one of them,
or - for standard input. Only the bytes that a command needs are read.

Exit codes: 0 all is well, 1 a difference or a fault was found, 2 wrong use or trouble.`,
    );
  for (const create of commands) {
    const command = create(terminal).helpOption("-h, --help", "show help");
    if (command.registeredArguments.some((argument) => PLACES.test(argument.name())))
      for (const option of accessOptions()) command.addOption(option);
    program.addCommand(command);
  }
  program.hook("preAction", (_program, command) => {
    terminal.access = parseAccess(command.opts());
  });
  const { color, errorColor } = terminal;
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => terminal.stderr.write(text),
        getOutHasColors: () => color.level > 0,
        getErrHasColors: () => errorColor.level > 0,
      })
      .configureHelp({
        helpWidth: Math.min(terminal.width, 100),
        minWidthToWrap: 12,
        optionDescription: describeOption,
        styleTitle: (text) => color.bold(text),
        styleCommandText: (text) => color.cyan(text),
        styleOptionTerm: (text) => color.green(text),
        styleSubcommandTerm: (text) => color.cyan(text),
      });
    if (command !== program) command.showHelpAfterError(`(p2s ${command.name()} --help shows how)`);
  }
  return program;
}

/** What an option does, with its choices and its default where that says something. */
function describeOption({ description, argChoices, defaultValue }: Option): string {
  const notes = argChoices ? [argChoices.join(" or ")] : [];
  if (typeof defaultValue === "string" || Number.isFinite(defaultValue))
    notes.push(`default: ${defaultValue}`);
  return notes.length > 0 ? `${description} (${notes.join(", ")})` : description;
}

/** An error as a line or two; our own messages say what to do, others at least where they come from. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = isPytree2SafetensorsError(error) ? ` [${error.code}]` : "";
  return explain(error.message) + code;
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return version as string;
}
