/** The ways to spell key paths as the names of tensors. */
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { describeValue } from "../../base/quote.ts";
import { type BuildLimits, MAX_DEPTH } from "../limits.ts";
import { guessKeyStyle } from "./guess.ts";
import type { KeyPath } from "./keypath.ts";
import { keystr } from "./keystr.ts";
import { parseKeystr } from "./keystr-parse.ts";
import { keypath2string, parseKeyString } from "./keystring.ts";
import { separatedPaths, spellSeparated } from "./separated.ts";

/** A key style: how key paths are written as the names of tensors. Implement it for a style of your own. */
export interface KeyStyle {
  /** The name of the style. Structure metadata stores it, unless it is this package's own style. */
  readonly name: string;
  /** Returns the name of the tensor at a key path. */
  encode(path: KeyPath): string;
  /** Returns the key paths of all names of a file. Some styles need all of them to tell lists from dicts. */
  decode(names: readonly string[]): KeyPath[];
}

/** The key styles that come with the package. */
export type KeyStyleName = "pytree" | "dotted" | "slash" | "keystr";

/** The option for the key style of names. */
export interface KeyStyleOption {
  /** The key style: its name, or your own. By default, this package's own style. */
  readonly keys?: KeyStyleName | KeyStyle | undefined;
}

/** The option for the key style of names that are read. */
export interface ReadKeyStyleOption {
  /**
   * The key style: its name, your own, or `"auto"` to guess it from the names. By default, this package's own style.
   */
  readonly keys?: KeyStyleName | KeyStyle | "auto" | undefined;
}

/** Reads the names of one file, each when it is asked for: the paths of all at once would be most of the memory. */
type PathReader = (names: readonly string[], limits: BuildLimits) => (name: string) => KeyPath;

/**
 * The key styles: `pytree` is this package's own (`layers#0@w`), `dotted` is PyTorch's (`layers.0.w`), `slash` is Flax's
 * (`layers/0/w`), and `keystr` is what JAX prints (`.layers[0]['w']`).
 *
 * `dotted` and `slash` don't record the kinds of keys. They read a node as a list if its keys are exactly 0 to n-1, and as
 * a dict otherwise. If one name continues another (`w` and `w.absmax`), both become keys of the same dict.
 */
export const KEY_STYLES: Readonly<Record<KeyStyleName, KeyStyle>> = {
  pytree: builtIn("pytree", keypath2string, (_, { maxDepth = MAX_DEPTH }) => {
    return (name) => parseKeyString(name, maxDepth);
  }),
  dotted: builtIn("dotted", spellSeparated("."), separatedPaths(".")),
  slash: builtIn("slash", spellSeparated("/"), separatedPaths("/")),
  keystr: builtIn("keystr", keystr, (_, { maxDepth = MAX_DEPTH }) => {
    return (name) => parseKeystr(name, maxDepth);
  }),
};

function builtIn(name: string, encode: KeyStyle["encode"], readPaths: PathReader): BuiltIn {
  return {
    name,
    encode,
    decode: (names) => names.map(readPaths(names, {})),
    readPaths,
  };
}

interface BuiltIn extends KeyStyle {
  readonly readPaths: PathReader;
}

/** The key style of that name, or the given style itself. Throws `InvalidArgument` for what is neither. */
export function keyStyle(style: unknown): KeyStyle {
  if (typeof style === "string" && Object.hasOwn(KEY_STYLES, style)) return KEY_STYLES[style as KeyStyleName];
  if (isKeyStyle(style)) return style;
  const expected = Object.keys(KEY_STYLES).join(", ");
  const found = describeValue(style);
  const message = `unknown key style: expected ${expected}, or an object with name, encode and decode; found ${found}`;
  throw new Pytree2SafetensorsError("InvalidArgument", message, { expected, found });
}

/** The key style of a file's names, guessed under `"auto"`. */
export function readKeyStyle(style: ReadKeyStyleOption["keys"], names: readonly string[]): KeyStyle {
  return keyStyle(style === "auto" ? guessKeyStyle(names) : (style ?? "pytree"));
}

/** Reads the names of a file in a style, each when it is asked for. */
export function readPaths(
  style: KeyStyle,
  names: readonly string[],
  limits: BuildLimits,
): (name: string) => KeyPath {
  if ("readPaths" in style) return (style as BuiltIn).readPaths(names, limits);
  const paths = style.decode(names);
  const places = new Map(names.map((name, i) => [name, i]));
  return (name) => paths[places.get(name)!]!;
}

function isKeyStyle(style: unknown): style is KeyStyle {
  if (typeof style !== "object" || style === null) return false;
  const { name, encode, decode } = style as Partial<Record<keyof KeyStyle, unknown>>;
  return typeof name === "string" && typeof encode === "function" && typeof decode === "function";
}
