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
  if (typeof select === "function") return tensors.filter((tensor) => select(tensor.name, infoOf(tensor)));
  const wanted = new Set(typeof select === "string" ? [select] : select);
  const found = new Set<string>();
  const isTaken =
    typeof keys === "string" ? byText(BOUNDARIES[keys], wanted, found) : byKeys(keys, wanted, found);
  const absent = isTaken([...file.missing.keys()]);
  file.requireNone([...file.missing.keys()].filter((_, i) => absent[i]));
  const taken = isTaken(tensors.map(({ name }) => name));
  for (const prefix of wanted) {
    if (found.has(prefix) || tensors.length === 0) continue;
    const message = `select: none of the ${tensors.length} tensors is ${quote(prefix)} or lies below it`;
    throw new Pytree2SafetensorsError("TensorNotFound", message, { tensor: prefix });
  }
  return tensors.filter((_, i) => taken[i]);
}

/** The tensors of a file, tied ones once for each of their names, in the order of their data. */
export function withAliases(file: OpenedCheckpoint): readonly FileTensor[] {
  const others = Array.from(file.aliases, ([name, stored]) => ({ ...file.locate(stored), name }));
  return others.length === 0 ? file.present : [...file.present, ...others].sort(compareInFile);
}

function infoOf({ dtype, shape }: FileTensor) {
  return { dtype, shape };
}

// Where a key string may end within a name, by style: before the mark of the next key.
const BOUNDARIES: Readonly<Record<string, string>> = {
  pytree: ".@#",
  dotted: ".",
  slash: "/",
  keystr: ".[",
  auto: ".@#/[",
};

/** For each name whether it is a key string of `wanted` or lies below one: `layers#10` is not below `layers#1`. */
function byText(boundaries: string | undefined, wanted: ReadonlySet<string>, found: Set<string>) {
  const marks = boundaries ?? BOUNDARIES.pytree!;
  const lengths = new Set([...wanted].map((prefix) => prefix.length));
  return (names: readonly string[]): boolean[] =>
    names.map((name) => {
      let taken = false;
      for (let end = 0; end <= name.length; end++) {
        // Only where a key ends, and only if some key string is as long: linear in the characters of names.
        if (end > 0 && end < name.length && !marks.includes(name[end]!)) continue;
        if (!lengths.has(end)) continue;
        const prefix = name.slice(0, end);
        if (!wanted.has(prefix)) continue;
        found.add(prefix);
        taken = true;
      }
      return taken;
    });
}

/** The same by the keys that a style of one's own reads in the names. */
function byKeys(style: KeyStyle, wanted: ReadonlySet<string>, found: Set<string>) {
  const idOf = (texts: readonly string[]) => JSON.stringify(texts);
  const textsOf = (names: readonly string[]) =>
    style.decode(names).map((path) => path.map((entry) => String(keyOf(entry))));
  const prefixes = new Map<string, string>();
  for (const prefix of wanted) prefixes.set(prefix === "" ? idOf([]) : idOf(textsOf([prefix])[0]!), prefix);
  const depths = new Set([...prefixes.keys()].map((id) => (JSON.parse(id) as string[]).length));
  return (names: readonly string[]): boolean[] =>
    textsOf(names).map((texts) => {
      let taken = false;
      for (const depth of depths) {
        const prefix = depth <= texts.length ? prefixes.get(idOf(texts.slice(0, depth))) : undefined;
        if (prefix === undefined) continue;
        found.add(prefix);
        taken = true;
      }
      return taken;
    });
}
