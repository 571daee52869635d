/**
 * How messages spell what came from outside: the one place that makes names and values of a file safe for a terminal,
 * a log and a page.
 */

// Enough to recognize a name. A name can be as long as a header, but people have to read the message.
const MAX_QUOTED = 200;

// What a terminal may act on or a reader can't see: control characters (including ESC and C1), format characters and
// bidirectional marks, every separator except the plain space, lone surrogates, characters that are drawn as nothing.
const UNSAFE = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A name or a text in a message: in double quotes, with everything escaped that a terminal could act on, and cut after
 * 200 characters.
 *
 * @param max How many characters are kept.
 */
export function quote(text: string, max = MAX_QUOTED): string {
  return `"${printable(cut(text, max).replace(/["\\]/g, "\\$&"))}"`;
}

/** The same without the quotes, for paths, URLs and messages from elsewhere. Nothing in it can act on a terminal. */
export function printable(text: string, max = Number.POSITIVE_INFINITY): string {
  return cut(text, max).replace(UNSAFE, escapeCharacter);
}

/** A list of names in a message: the first `max` of them in quotes, and how many more there are. */
export function quoteList(names: readonly string[], max: number): string {
  const shown = names.slice(0, max).map((name) => quote(name));
  return names.length > max ? `${shown.join(", ")} and ${names.length - max} more` : shown.join(", ");
}

function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // Never between the two halves of a character.
  const end = /[\ud800-\udbff]/.test(text[max - 1]!) ? max - 1 : max;
  return `${text.slice(0, end)}…`;
}

function escapeCharacter(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0)!;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** What a value is, in a few words for a message: `the string "abc"`, `a function`, `an instance of Adam`. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `the string ${quote(value, 40)}`;
    case "number":
      return `the number ${Object.is(value, -0) ? "-0" : value}`;
    case "bigint":
      return `the bigint ${printable(String(value), 40)}`;
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      return value === null ? "null" : describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return "an array";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return "a plain object";
  const name: unknown = (prototype as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" ? `an instance of ${printable(name, 80)}` : "an object";
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 2000);
}
