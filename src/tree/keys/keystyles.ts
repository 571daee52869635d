import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { MAX_DEPTH } from "../limits.ts";
import { tooDeep, unsupportedKey } from "../messages.ts";
import { DictKey, type KeyEntry, type KeyPath, keyOf, markOf, SequenceKey } from "./keypath.ts";
import { parseKeystr } from "./keystr-parse.ts";
import { canonicalIndex, keypath2string, keystr, string2keypath } from "./keystring.ts";

/** A way to spell key paths as the names of tensors. */
export interface KeyStyle {
  /** Its name, which structure metadata says where it is not this package's own style. */
  readonly name: string;
  /** The name of the tensor at a key path. */
  encode(path: KeyPath): string;
  /** The key paths of all the names of a file; all at once, for some styles tell lists from dicts by them. */
  decode(names: readonly string[]): KeyPath[];
}

/** The key styles that come with the package. */
export type KeyStyleName = "pytree" | "dotted" | "slash" | "keystr";

/** The option that says how names spell key paths. */
export interface KeyStyleOption {
  /** A key style by name or of one's own; this package's own spelling by default. */
  readonly keys?: KeyStyleName | KeyStyle | undefined;
}

/**
 * The key styles: `pytree` is this package's own (`layers#0@w`), `dotted` PyTorch's (`layers.0.w`), `slash` Flax's
 * (`layers/0/w`), `keystr` what JAX prints (`.layers[0]['w']`). `dotted` and `slash` don't tell kinds of keys apart:
 * they read digits as list indices where a node has all of 0 to n-1 and nothing else, all other names as dict keys.
 */
export const KEY_STYLES: Readonly<Record<KeyStyleName, KeyStyle>> = {
  pytree: { name: "pytree", encode: keypath2string, decode: (names) => names.map(string2keypath) },
  dotted: separated("dotted", "."),
  slash: separated("slash", "/"),
  keystr: { name: "keystr", encode: keystr, decode: (names) => names.map(parseKeystr) },
};

/** The key style of that name, or the given style itself. Throws `InvalidArgument` for an unknown name. */
export function keyStyle(style: KeyStyleName | KeyStyle): KeyStyle {
  if (typeof style !== "string") return style;
  if (Object.hasOwn(KEY_STYLES, style)) return KEY_STYLES[style];
  const expected = Object.keys(KEY_STYLES).join(", ");
  throw new Pytree2SafetensorsError("InvalidArgument", `unknown key style "${style}": expected ${expected}`, {
    expected,
    found: style,
  });
}

function separated(name: string, separator: string): KeyStyle {
  const encode = (path: KeyPath): string =>
    path
      .map((entry, i) =>
        markOf(entry) === undefined ? unsupportedKey(path.slice(0, i), entry) : String(keyOf(entry)),
      )
      .join(separator);
  return { name, encode, decode: (names) => decodeSeparated(names, separator) };
}

/** What the names say of the children of one node. */
interface Segment {
  readonly children: Map<string, Segment>;
  /** The highest list index among the children, or NaN once one is no index. */
  highest: number;
}

function decodeSeparated(names: readonly string[], separator: string): KeyPath[] {
  const root: Segment = { children: new Map(), highest: -1 };
  const split = (name: string): string[] => {
    if (name === "") return [];
    const texts = name.split(separator, MAX_DEPTH + 1);
    if (texts.length > MAX_DEPTH) throw tooDeep(MAX_DEPTH, { tensor: name });
    return texts;
  };
  for (const name of names) {
    let node = root;
    for (const text of split(name)) {
      let child = node.children.get(text);
      if (child === undefined) {
        child = { children: new Map(), highest: -1 };
        node.children.set(text, child);
        node.highest = Math.max(node.highest, canonicalIndex(text) ?? Number.NaN);
      }
      node = child;
    }
  }
  return names.map((name) => {
    let node = root;
    return split(name).map((text): KeyEntry => {
      // Distinct indices of which the highest is n-1 are all of 0 to n-1.
      const isList = node.highest === node.children.size - 1;
      node = node.children.get(text)!;
      return isList ? new SequenceKey(Number(text)) : new DictKey(text);
    });
  });
}
