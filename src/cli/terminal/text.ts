/** Text on a terminal: made safe, measured, padded, cut, and broken into lines. */
import cliTruncate from "cli-truncate";
import stringWidth from "string-width";

// What a terminal may act on or a reader can't see, the classes of the library's own messages: controls (ESC and C1
// among them), format characters and bidirectional marks, every separator but the plain space, lone surrogates,
// characters that are drawn as nothing.
const UNSAFE = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/gu;
const UNSAFE_IN_QUOTES = /(?! )[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}"\\]/gu;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
const PLAIN = /^[\x20-\x7e]*$/;
// One column a character: ASCII, and what this command draws with. Asking for anything else costs a thousand times as much.
const NARROW = /^[\x20-\x7e×Δ±…→─-▟✓✗]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
const COLORS = /\u001b\[[\d;]*m/g;

/**
 * Columns of a table's cell at most. A name can be as long as the header, and what is not for a terminal is padded to
 * the longest cell of all rows.
 */
export const MAX_CELL = 200;

/** Text from outside as a terminal can show it: nothing in it moves the cursor or changes colours. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, escapeCharacter);
}

/** A name or a value of a file in a sentence: in quotes, escaped, cut after 200 characters. */
export function quote(text: string, max = 200): string {
  const end = /[\ud800-\udbff]/.test(text[max - 1] ?? "") ? max - 1 : max;
  const cut = text.length <= max ? text : `${text.slice(0, end)}…`;
  return `"${cut.replace(UNSAFE_IN_QUOTES, escapeCharacter)}"`;
}

/** A name in a cell of a table: escaped, cut in the middle where it is very long, `""` for the empty one. */
export function nameCell(name: string, max = MAX_CELL): string {
  if (name.length <= max && PLAIN.test(name)) return name || '""';
  // Cut before it is escaped, so that a name of a megabyte costs no more than a short one.
  const short = name.length <= 2 * max ? name : `${name.slice(0, max)}${name.slice(-max)}`;
  return truncateMiddle(printable(short), max) || '""';
}

/** JSON text that does the same to a terminal as plain text: what it could act on stands in JSON's own escapes. */
export function jsonSafe(json: string): string {
  return json.replace(UNSAFE, (char) =>
    char === "\n"
      ? char
      : Array.from({ length: char.length }, (_, i) => unicode(char.charCodeAt(i))).join(""),
  );
}

function escapeCharacter(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0)!;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : unicode(code);
}

function unicode(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** How many columns a text takes; colours take none, wide characters two. */
export function widthOf(text: string): number {
  const bare = text.includes("\u001b") ? text.replace(COLORS, "") : text;
  return NARROW.test(bare) ? bare.length : stringWidth(bare);
}

/** Fills a text up with spaces; on the left if its column is aligned to the right. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "left" ? text + space : space + text;
}

/** Cuts the end of a text to so many columns, with `…` where it was cut. */
export function truncate(text: string, width: number, ellipsis = "…"): string {
  if (widthOf(text) <= width) return text;
  return width < 1 ? "" : cliTruncate(text, width, { truncationCharacter: ellipsis });
}

/** Cuts the middle out of a text, so that names that begin alike can still be told apart. */
export function truncateMiddle(text: string, width: number, ellipsis = "…"): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return "";
  return cliTruncate(text, width, { position: "middle", truncationCharacter: ellipsis });
}

/** Breaks a text into lines of at most so many columns, at spaces; a longer word keeps a line of its own. */
export function wrap(text: string, width: number): string[] {
  if (!Number.isFinite(width)) return [text];
  const lines: string[] = [];
  let [line, columns] = ["", 0];
  for (const word of text.split(" ")) {
    const own = widthOf(word);
    if (line !== "" && columns + 1 + own > width) {
      lines.push(line);
      [line, columns] = [word, own];
    } else if (line === "") [line, columns] = [word, own];
    else [line, columns] = [`${line} ${word}`, columns + 1 + own];
  }
  return [...lines, line];
}

/** A shape as people write it: `[4096, 11008]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
