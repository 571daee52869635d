/** What a command prints to and reads from: the terminal of this process, or one that a test made. */
import { Chalk, type ChalkInstance, type ColorSupportLevel } from "chalk";
import { type Access, PLAIN_ACCESS } from "../args/access.ts";
import { jsonSafe, printable, wrap } from "./text.ts";

/** A stream that a command writes to. */
export type Outlet = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The two outputs and what they can do. */
export interface Terminal {
  /** Columns to stay within; infinite where standard output is not a terminal and no width was given. */
  readonly width: number;
  /** Whether `│` and `█` can be shown. */
  readonly unicode: boolean;
  /** Colours of what `print` prints. */
  readonly color: ChalkInstance;
  /** Colours of standard error. */
  readonly errorColor: ChalkInstance;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  /** Milliseconds since any moment. */
  now(): number;
  /** Prints lines of the answer. */
  print(lines: string | readonly string[]): void;
  /** Prints the answer as one JSON value. */
  json(value: unknown): void;
  /** Prints a warning to standard error. Everything in it that a terminal could act on is escaped. */
  warn(message: string): void;
  /** Prints an error to standard error, as safely. */
  fail(message: string): void;
  /** How places on the network are reached; the program sets it before a command runs. */
  access: Access;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** What the process ends with; a command that found something sets it. */
  readonly exit: { code: number };
  /** What is to be done when the command has ended. */
  readonly ends: (() => Promise<void>)[];
  /** The same terminal with the answer on standard error, for commands whose output is standard output. */
  reporting(): Terminal;
}

/** What a terminal is made of. */
export interface TerminalParts {
  readonly stdin: Terminal["stdin"];
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  readonly colors: { readonly stdout: ColorSupportLevel; readonly stderr: ColorSupportLevel };
  readonly unicode: boolean;
  /** A width that was asked for, whatever the terminal's own. */
  readonly columns?: number | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Makes a terminal of its parts. */
export function createTerminal(parts: TerminalParts): Terminal {
  const { colors, columns, stdout, stderr, ...rest } = parts;
  const errorColor = new Chalk({ level: colors.stderr });
  const say = (label: string, message: string) => {
    const lines = wrap(`${label} ${printable(message)}`, widthOf(stderr));
    stderr.write(lines.map((line) => `${line}\n`).join(""));
  };
  const onto = (outlet: Outlet, level: ColorSupportLevel): Terminal => ({
    ...rest,
    stdout,
    stderr,
    width: columns ?? widthOf(outlet),
    color: new Chalk({ level }),
    errorColor,
    exit,
    ends,
    get access() {
      return shared.access;
    },
    set access(access) {
      shared.access = access;
    },
    print(lines) {
      outlet.write(typeof lines === "string" ? `${lines}\n` : lines.map((line) => `${line}\n`).join(""));
    },
    json(value) {
      outlet.write(`${jsonSafe(JSON.stringify(value, toJson, 2))}\n`);
    },
    warn: (message) => say(errorColor.yellow("warning:"), message),
    fail: (message) => say(errorColor.red("error:"), message),
    reporting: () => onto(stderr, colors.stderr),
  });
  const shared = { access: PLAIN_ACCESS };
  const exit = { code: 0 };
  const ends: Terminal["ends"] = [];
  return onto(stdout, colors.stdout);
}

/** The reason of an abort by Ctrl-C. */
export class Interrupted extends Error {}

function widthOf(outlet: Outlet): number {
  return outlet.isTTY ? outlet.columns || 80 : Number.POSITIVE_INFINITY;
}

// JSON has no big integers and no non-finite numbers; the names are what Python's `float()` reads.
function toJson(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
