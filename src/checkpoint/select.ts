import type { ArrayInfo } from "./adapter.ts";
import type { Select } from "./options.ts";

/** Names with what is known of their tensors. */
interface TensorTable {
  readonly names: readonly string[];
  info(name: string): ArrayInfo | undefined;
}

/** The names that a selection takes, in the table's order. */
export function selectNames(table: TensorTable, select: Select | undefined): readonly string[] {
  if (select === undefined) return table.names;
  if (typeof select === "string") return table.names.filter((name) => isBelow(name, select));
  return table.names.filter((name) => select(name, table.info(name)!));
}

/** Whether a key string is `prefix` or lies below it: `layers#1` is not below `layers#10`. */
function isBelow(name: string, prefix: string): boolean {
  if (prefix === "") return true;
  if (!name.startsWith(prefix)) return false;
  return name.length === prefix.length || ".@#".includes(name[prefix.length]!);
}
