import cliTruncate from "cli-truncate";
import stringWidth from "string-width";

// What terminals would obey instead of showing it: control characters, bidirectional overrides, line separators.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
// One column a character: ASCII, and what this command draws with. Asking for anything else costs a thousand times as much.
const NARROW = /^[\x20-\x7e×Δ±…→─-▟✓✗]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
const COLORS = /\u001b\[[\d;]*m/g;

/** A name from a file as a terminal can show it: nothing in it moves the cursor or changes colours. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNPRINTABLE, (char) => {
    const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
    return short ?? `\\u{${char.codePointAt(0)!.toString(16)}}`;
  });
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

/** Cuts a text to so many columns, with `…` where it was cut. */
export function truncate(text: string, width: number, ellipsis = "…"): string {
  if (widthOf(text) <= width) return text;
  return width < 1 ? "" : cliTruncate(text, width, { truncationCharacter: ellipsis });
}

/** Breaks a text into lines of at most so many columns, at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A shape as people write it: `[4096, 11008]`. */
export function formatShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
