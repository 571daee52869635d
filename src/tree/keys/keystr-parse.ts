/** Key paths from JAX's spelling, `.layers[10]['query']`. */
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

/**
 * Reads a key path in JAX's spelling. Brackets around an index are a list index, never the integer key of a
 * dict: the two are spelled alike.
 *
 * @throws `InvalidKeyString` for what JAX would not print, `DepthLimit`.
 */
export function parseKeystr(string: string, maxDepth: number = MAX_DEPTH): KeyPath {
  const path: KeyEntry[] = [];
  for (let at = 0; at < string.length; ) {
    if (path.length === maxDepth) throw tooDeep(maxDepth, string);
    const end = entryEnd(string, at) ?? invalid(string, at);
    path.push(parseEntry(string.slice(at, end)) ?? invalid(string, at));
    at = end;
  }
  return path;
}

// Scanned by hand: on a name of megabytes the engine's regular expressions run out of stack.
function entryEnd(string: string, start: number): number | undefined {
  if (string[start] === ".") {
    let end = start + 1;
    while (end < string.length && string[end] !== "." && string[end] !== "[") end++;
    return end;
  }
  if (string[start] !== "[") return undefined;
  const mark = string[start + 1];
  if (mark !== "'" && mark !== '"') {
    const end = string.indexOf("]", start);
    return end === -1 ? undefined : end + 1;
  }
  for (let at = start + 2; at < string.length; at++) {
    if (string[at] === "\\") at++;
    else if (string[at] === mark) return string[at + 1] === "]" ? at + 2 : undefined;
  }
  return undefined;
}

function parseEntry(text: string): KeyEntry | undefined {
  if (text[0] === ".") return new GetAttrKey(text.slice(1));
  const inner = text.slice(1, -1);
  if (inner[0] === "'" || inner[0] === '"') return new DictKey(unescapePython(inner.slice(1, -1)));
  // Beyond any number; asked first, so that a hostile one costs nothing.
  if (inner.length > MAX_NUMBER) return undefined;
  if (inner === "True" || inner === "False") return new DictKey(inner === "True");
  const flat = /^<flat index (\d+)>$/.exec(inner)?.[1];
  if (flat !== undefined) return new FlattenedIndexKey(Number(flat));
  const index = canonicalIndex(inner);
  if (index !== undefined) return new SequenceKey(index);
  if (!/^-?(nan|inf|(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?)$/.test(inner)) return undefined;
  const number = Number(inner.replace("nan", "NaN").replace("inf", "Infinity"));
  return new DictKey(/^-?\d+$/.test(inner) && !Number.isSafeInteger(number) ? BigInt(inner) : number);
}

const MAX_NUMBER = 1_000;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unescapePython(text: string): string {
  if (!text.includes("\\")) return text;
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
  const message = `key string ${quote(string)}: expected .name, [index] or ['key'] as JAX prints them at ${at}`;
  throw new Pytree2SafetensorsError("InvalidKeyString", message, {
    tensor: string,
    expected: ".name, [index] or ['key']",
    found: string.slice(at, at + 20),
  });
}
