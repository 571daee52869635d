import { Chalk, type ChalkInstance, supportsColor, supportsColorStderr } from "chalk";
import isUnicodeSupported from "is-unicode-supported";

/** The two outputs and what they can do. */
export interface Terminal {
  /** Columns to stay within; infinite where standard output is no terminal and `COLUMNS` is not set. */
  readonly width: number;
  /** Whether `│` and `█` can be shown. */
  readonly unicode: boolean;
  /** Colours of standard output, none where it has none. */
  readonly color: ChalkInstance;
  /** Colours of standard error. */
  readonly errorColor: ChalkInstance;
  /** Prints lines to standard output. */
  print(lines: string | readonly string[]): void;
  /** Prints one JSON value to standard output. */
  json(value: unknown): void;
  /** Prints a warning to standard error. */
  warn(message: string): void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The terminal that this process runs in; Ctrl-C once aborts, twice kills. */
export function openTerminal(): Terminal {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort(new Interrupted()));
  const errorColor = new Chalk({ level: levelOf(supportsColorStderr) });
  return {
    width: columns(),
    unicode: isUnicodeSupported() && !/^(C|POSIX)$/.test(process.env.LC_ALL ?? ""),
    color: new Chalk({ level: levelOf(supportsColor) }),
    errorColor,
    print(lines) {
      process.stdout.write(
        typeof lines === "string" ? `${lines}\n` : lines.map((line) => `${line}\n`).join(""),
      );
    },
    json(value) {
      process.stdout.write(`${JSON.stringify(value, toJson, 2)}\n`);
    },
    warn(message) {
      process.stderr.write(`${errorColor.yellow("warning:")} ${message}\n`);
    },
    signal: abort.signal,
  };
}

/** The reason of an abort by Ctrl-C. */
export class Interrupted extends Error {}

function levelOf(support: typeof supportsColor): 0 | 1 | 2 | 3 {
  // https://no-color.org: present and not empty, whatever its value.
  return process.env.NO_COLOR ? 0 : support ? support.level : 0;
}

function columns(): number {
  const given = Number(process.env.COLUMNS);
  if (Number.isInteger(given) && given > 0) return given;
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
}

// JSON has no big integers and no non-finite numbers; the names are what Python's `float()` reads.
function toJson(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
