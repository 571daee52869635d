/** Key strings: key paths as the names of tensors. */
import { invalidArgument } from "../../base/arguments.ts";
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { MAX_DEPTH } from "../limits.ts";
import { tooDeep, unsupportedKey } from "../messages.ts";
import { entryOf, type KeyEntry, type KeyPath, keyOf, type Mark, markOf, requireKeyPath } from "./keypath.ts";

/**
 * Converts a key path to its key string, the name of the tensor in a file: `.name` for an attribute, `@key` for a dict
 * key, `#index` for a list index. A leading dot is omitted. Names that contain `.`, `@` or `#` are not escaped, so their
 * key string reads back as a different path.
 *
 * @throws `UnsupportedKey` if the path has a `FlattenedIndexKey`; `InvalidArgument` if it is not a key path.
 * @example
 * ```ts
 * keypath2string([new GetAttrKey("layers"), new SequenceKey(10), new DictKey("query")]); // "layers#10@query"
 * ```
 */
export function keypath2string(path: KeyPath): string {
  requireKeyPath(path);
  let string = "";
  for (let i = 0; i < path.length; i++) {
    const mark = markOf(path[i]!) ?? unsupportedKey(path.slice(0, i), path[i]!);
    string = beginEntry(string, mark, i === 0) + String(keyOf(path[i]!));
  }
  return string;
}

/** A key string up to the text of its next entry: all children of a node share it. */
export function beginEntry(prefix: string, mark: Mark, isFirst: boolean): string {
  return isFirst && mark === "." ? "" : prefix + mark;
}

/**
 * Parses a key string to its key path. The empty string is the empty path of a bare leaf.
 *
 * @throws `InvalidKeyString` if `#` isn't followed by a plain decimal index; `DepthLimit` if there are more than 1,000
 *   entries.
 * @example
 * ```ts
 * string2keypath("layers#10@query"); // [new GetAttrKey("layers"), new SequenceKey(10), new DictKey("query")]
 * ```
 */
export function string2keypath(string: string): KeyPath {
  if (typeof string !== "string") throw invalidArgument("key string", "a string", string);
  return parseKeyString(string, MAX_DEPTH);
}

/** {@link string2keypath} with a limit of one's own. */
export function parseKeyString(string: string, maxDepth: number): KeyEntry[] {
  const path: KeyEntry[] = [];
  const reader = new EntryReader();
  for (let at = 0; at < string.length; at = reader.end) {
    if (path.length === maxDepth) throw tooDeep(maxDepth, string);
    reader.read(string, at);
    path.push(entryOf(reader.mark, reader.key));
  }
  return path;
}

/** Reads the entries of key strings one at a time, without making an object of each. */
export class EntryReader {
  mark: Mark = ".";
  key: string | number = "";
  /** Where the entry ends. */
  end = 0;

  /** Reads the entry that starts at a place of a key string. */
  read(string: string, at: number): void {
    const mark = markAt(string, at);
    const start = mark === undefined ? at : at + 1;
    const end = entryEnd(string, start);
    this.mark = mark ?? ".";
    this.end = end;
    this.key = mark === "#" ? parseIndex(string, start, end) : string.slice(start, end);
  }
}

/** The mark at a place of a key string, if there is one. */
export function markAt(string: string, at: number): Mark | undefined {
  const unit = string.charCodeAt(at);
  return unit === DOT ? "." : unit === AT ? "@" : unit === HASH ? "#" : undefined;
}

const DOT = 46;
const AT = 64;
const HASH = 35;

/** Where the entry ends whose text starts at `start`. */
function entryEnd(string: string, start: number): number {
  for (let at = start; at < string.length; at++) {
    const unit = string.charCodeAt(at);
    if (unit === DOT || unit === AT || unit === HASH) return at;
  }
  return string.length;
}

/** Reads the list index at `[start, end)` of a key string. */
function parseIndex(string: string, start: number, end: number): number {
  const text = string.slice(start, end);
  const index = canonicalIndex(text);
  if (index === undefined) {
    const message = `key string ${quote(string)}: expected a plain decimal index after "#", found ${quote(text)}`;
    throw new Pytree2SafetensorsError("InvalidKeyString", message, {
      tensor: string,
      expected: "a plain decimal index",
      found: text,
    });
  }
  return index;
}

/** The list index that a text spells, or `undefined`: no sign, no leading zero, nothing that a number can't hold. */
export function canonicalIndex(text: string): number | undefined {
  // Longer texts are beyond the safe integers; asked first, so that a hostile one costs nothing.
  if (text.length === 0 || text.length > 16) return undefined;
  let index = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    index = index * 10 + digit;
  }
  return (text.charCodeAt(0) === 48 && text.length > 1) || !Number.isSafeInteger(index) ? undefined : index;
}

/** Whether a name reads back as itself: it contains no separator. */
export function isPlainName(name: string): boolean {
  return entryEnd(name, 0) === name.length;
}
