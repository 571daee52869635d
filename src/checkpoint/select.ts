/** Which tensors of a file a call takes. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { keyOf } from "../tree/keys/keypath.ts";
import type { KeyStyle, KeyStyleName } from "../tree/keys/keystyles.ts";
import { compareInFile, type FileTensor } from "./file-part.ts";
import type { OpenedCheckpoint } from "./opened.ts";
import type { Select } from "./options.ts";

/** The key style of a file's names and of `select`; `"auto"` guesses it from the names. */
export type SelectionKeys = KeyStyleName | KeyStyle | "auto";

/**
 * The tensors that a selection takes, in the order of their data; all of them where there is none.
 *
 * @throws `TensorNotFound` for a key string that stands for nothing, `InvalidIndex` for a tensor that the index lists and
 *   its shard doesn't have.
 */
export function selectTensors(
  file: OpenedCheckpoint,
  select: Select | undefined,
  keys: SelectionKeys = "pytree",
  aliases = false,
): readonly FileTensor[] {
  const tensors = aliases ? withAliases(file) : file.present;
  if (select === undefined) {
    file.requireNone(file.missing.keys());
    return tensors;
  }
  if (typeof select === "function")
    return tensors.filter(({ name, dtype, shape }) => select(name, { dtype, shape }));
  const wanted = new Set(typeof select === "string" ? [select] : select);
  const prefixesOf =
    typeof keys === "string" ? byText(BOUNDARIES[keys] ?? BOUNDARIES.pytree!, wanted) : byKeys(keys, wanted);
  const missing = [...file.missing.keys()];
  const absent = prefixesOf(missing);
  file.requireNone(missing.filter((_, i) => absent[i]!.length > 0));
  const taken = prefixesOf(tensors.map(({ name }) => name));
  const found = new Set(taken.flat());
  for (const prefix of wanted) {
    if (found.has(prefix) || tensors.length === 0) continue;
    const message = `select: none of the ${tensors.length} tensors is ${quote(prefix)} or lies below it`;
    throw new Pytree2SafetensorsError("TensorNotFound", message, { tensor: prefix });
  }
  return tensors.filter((_, i) => taken[i]!.length > 0);
}

/** The tensors of a file, tied ones once for each of their names, in the order of their data. */
export function withAliases(file: OpenedCheckpoint): readonly FileTensor[] {
  const others = Array.from(file.aliases, ([name, stored]) => ({ ...file.locate(stored), name }));
  return others.length === 0 ? file.present : [...file.present, ...others].sort(compareInFile);
}

// Where a key string may end within a name, by style: before the mark of the next key.
const BOUNDARIES: Readonly<Record<string, string>> = {
  pytree: ".@#",
  dotted: ".",
  slash: "/",
  keystr: ".[",
  auto: ".@#/[",
};

/** The key strings of `wanted` that each name is or lies below: `layers#10` is not below `layers#1`. */
function byText(marks: string, wanted: ReadonlySet<string>) {
  const lengths = new Set([...wanted].map((prefix) => prefix.length));
  return (names: readonly string[]): string[][] =>
    names.map((name) => {
      const prefixes: string[] = [];
      for (let end = 0; end <= name.length; end++) {
        // Only where a key ends, and only if some key string is as long: linear in the characters of names.
        if (end > 0 && end < name.length && !marks.includes(name[end]!)) continue;
        const prefix = lengths.has(end) ? name.slice(0, end) : undefined;
        if (prefix !== undefined && wanted.has(prefix)) prefixes.push(prefix);
      }
      return prefixes;
    });
}

/** The same by the keys that a style of one's own reads in the names. */
function byKeys(style: KeyStyle, wanted: ReadonlySet<string>) {
  const textsOf = (names: readonly string[]) =>
    style.decode(names).map((path) => path.map((entry) => String(keyOf(entry))));
  const keysOf = (prefix: string) => (prefix === "" ? [] : textsOf([prefix])[0]!);
  const all = Array.from(wanted, (prefix) => ({ prefix, keys: keysOf(prefix) }));
  const known = new Map(all.map(({ prefix, keys }) => [JSON.stringify(keys), prefix]));
  const depths = [...new Set(all.map(({ keys }) => keys.length))];
  return (names: readonly string[]): string[][] =>
    textsOf(names).map((texts) =>
      depths.flatMap((depth) =>
        depth > texts.length ? [] : (known.get(JSON.stringify(texts.slice(0, depth))) ?? []),
      ),
    );
}
