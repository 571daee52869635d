import { Pytree2SafetensorsError } from "../base/errors.ts";
import { keyOf } from "../tree/keys/keypath.ts";
import { type KeyStyleOption, keyStyle } from "../tree/keys/keystyles.ts";
import type { ArrayInfo } from "./adapter.ts";
import type { Select } from "./options.ts";

/** Names with what is known of their tensors. */
interface TensorTable {
  readonly names: readonly string[];
  info(name: string): ArrayInfo | undefined;
}

/**
 * The names that a selection takes, in the table's order.
 *
 * @param keys How the names, and the selection, are spelled.
 * @throws `TensorNotFound` for a key string that stands for nothing.
 */
export function selectNames(
  table: TensorTable,
  select: Select | undefined,
  keys: KeyStyleOption["keys"] = "pytree",
): readonly string[] {
  const { names } = table;
  if (select === undefined) return names;
  if (typeof select === "function") return names.filter((name) => select(name, table.info(name)!));
  const prefixes = typeof select === "string" ? [select] : select;
  const isBelow = belowIn(keyStyle(keys), names);
  for (const prefix of prefixes) {
    if (names.length === 0 || names.some((_, i) => isBelow(i, prefix))) continue;
    throw new Pytree2SafetensorsError(
      "TensorNotFound",
      `select: none of the ${names.length} tensors is ${JSON.stringify(prefix)} or lies below it`,
      { tensor: prefix },
    );
  }
  return names.filter((_, i) => prefixes.some((prefix) => isBelow(i, prefix)));
}

/** Whether name `i` is a key string or lies below it: `layers#10` is not below `layers#1`. */
function belowIn(
  style: ReturnType<typeof keyStyle>,
  names: readonly string[],
): (i: number, prefix: string) => boolean {
  if (style.name === "pytree") {
    return (i, prefix) => {
      const name = names[i]!;
      if (prefix === "" || name === prefix) return true;
      return name.startsWith(prefix) && ".@#".includes(name[prefix.length]!);
    };
  }
  // By the texts of the keys: some styles tell lists from dicts only by all names together.
  const textsOf = (all: readonly string[]) =>
    style.decode(all).map((path) => path.map((entry) => String(keyOf(entry))));
  const paths = textsOf(names);
  const known = new Map<string, readonly string[]>();
  return (i, prefix) => {
    if (prefix === "") return true;
    let wanted = known.get(prefix);
    if (wanted === undefined) {
      wanted = textsOf([prefix])[0]!;
      known.set(prefix, wanted);
    }
    return wanted.every((text, depth) => text === paths[i]![depth]);
  };
}
