/** Applying `--rename` rules to all names of a file. */
import { quote } from "../terminal/text.ts";
import { UsageError } from "./exit.ts";
import { renamerOf } from "./patterns.ts";

/**
 * New names by old ones; each rule sees what the one before it made. `undefined` where no name changes.
 *
 * @throws {UsageError} For a rule that matches no name, and where two tensors would get one name.
 */
export function renameAll(
  names: readonly string[],
  rules: readonly string[],
): Map<string, string> | undefined {
  if (rules.length === 0) return undefined;
  const renamers = rules.map(renamerOf);
  const used = new Set<number>();
  const renamed = new Map<string, string>();
  const taken = new Map<string, string>();
  for (const name of names) {
    let next = name;
    for (const [i, rename] of renamers.entries()) {
      const result = rename(next);
      if (result === undefined) continue;
      used.add(i);
      next = result;
    }
    const other = taken.get(next);
    if (other !== undefined) {
      throw new UsageError(`--rename gives ${quote(other)} and ${quote(name)} the same name ${quote(next)}`);
    }
    taken.set(next, name);
    if (next !== name) renamed.set(name, next);
  }
  const idle = rules.find((_, i) => !used.has(i));
  if (idle !== undefined) throw new UsageError(`--rename ${quote(idle)} matches no name`);
  return renamed.size > 0 ? renamed : undefined;
}

/** What rules make of any text, whether it is the name of a tensor or not. */
export function renamingOf(rules: readonly string[]): (name: string) => string {
  const renamers = rules.map(renamerOf);
  return (name) => renamers.reduce((text, rename) => rename(text) ?? text, name);
}
