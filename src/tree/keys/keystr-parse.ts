import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { MAX_DEPTH } from "../limits.ts";
import { tooDeep } from "../messages.ts";
import {
  DictKey,
  FlattenedIndexKey,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  SequenceKey,
} from "./keypath.ts";
import { canonicalIndex } from "./keystring.ts";

// One entry: an attribute, a string in Python's spelling, a flat index, or any other thing in brackets.
const ENTRY =
  /\.([^.[]*)|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|<flat index (\d+)>|([^'"<\]][^\]]*))\]/uy;

/**
 * Reads a key path in JAX's spelling. Brackets around an index are a list index, never the integer key of a
 * dict: the two are spelled alike.
 *
 * @throws `InvalidKeyString` for what JAX would not print.
 */
export function parseKeystr(string: string): KeyPath {
  const path: KeyEntry[] = [];
  ENTRY.lastIndex = 0;
  for (let at = 0; at < string.length; at = ENTRY.lastIndex) {
    if (path.length === MAX_DEPTH) throw tooDeep(MAX_DEPTH, { tensor: string });
    const match = ENTRY.exec(string) ?? invalid(string, at);
    const [, name, single, double, flat, other] = match;
    const text = single ?? double;
    if (name !== undefined) path.push(new GetAttrKey(name));
    else if (text !== undefined) path.push(new DictKey(unescapePython(text)));
    else if (flat !== undefined) path.push(new FlattenedIndexKey(Number(flat)));
    else path.push(parseOther(other!) ?? invalid(string, at));
  }
  return path;
}

function parseOther(text: string): KeyEntry | undefined {
  if (text === "True" || text === "False") return new DictKey(text === "True");
  const index = canonicalIndex(text);
  if (index !== undefined) return new SequenceKey(index);
  if (/^-?(0|[1-9]\d*)$/.test(text)) {
    const number = Number(text);
    return new DictKey(Number.isSafeInteger(number) ? number : BigInt(text));
  }
  if (/^-?(nan|inf)$/.test(text))
    return new DictKey(Number(text.replace("nan", "NaN").replace("inf", "Infinity")));
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?$/.test(text) ? new DictKey(Number(text)) : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unescapePython(text: string): string {
  return text.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|(.))/gsu,
    (_, x?: string, u?: string, long?: string, char: string = "") => {
      const hex = x ?? u ?? long;
      if (hex === undefined) return Object.hasOwn(ESCAPES, char) ? ESCAPES[char]! : char;
      const code = Number.parseInt(hex, 16);
      return code > 0x10ffff ? "" : String.fromCodePoint(code);
    },
  );
}

function invalid(string: string, at: number): never {
  throw new Pytree2SafetensorsError(
    "InvalidKeyString",
    `key string ${quote(string)}: expected .name, [index] or ['key'] as JAX prints them at ${at}`,
    { tensor: string, expected: ".name, [index] or ['key']", found: string.slice(at, at + 20) },
  );
}
