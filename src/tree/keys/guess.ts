/** Which key style the names of a file are spelled in, guessed from all of them together. */
import { invalidArgument } from "../../base/arguments.ts";
import { canonicalIndex } from "./keystring.ts";
import type { KeyStyleName } from "./keystyles.ts";

/**
 * Guesses the key style of a file's names. All names together decide:
 *
 * 1. all names begin as JAX prints key paths (`.name`, `['key']`, `[0]`), and one has brackets: `keystr`;
 * 2. a name has a list index in key string spelling (`#0`), all names begin with a dict key (`@w`), or one has a dict key
 *    and none a `/`: `pytree`;
 * 3. a name has a `/`: `slash`;
 * 4. a name has a `.`: `dotted`;
 * 5. otherwise, names are single words: `pytree`, which reads them as attributes.
 *
 * A name that contains `.` but neither `@` nor `#` is far more often from PyTorch than from a Python object that has only
 * attributes. For files of the latter, pass `keys: "pytree"`, unless their structure metadata already says so.
 *
 * @throws `InvalidArgument` if `names` is not a list of strings.
 * @example
 * ```ts
 * guessKeyStyle(["layers.0.weight", "layers.1.weight"]); // "dotted"
 * ```
 */
export function guessKeyStyle(names: readonly string[]): KeyStyleName {
  if (!(Array.isArray(names) && names.every((name) => typeof name === "string"))) {
    throw invalidArgument("names", "a list of names", names);
  }
  if (names.every(startsLikeKeystr) && names.some(hasBrackets)) return "keystr";
  const slashed = names.some((name) => name.includes("/"));
  if (names.some((name) => hasIndex(name) || (!slashed && name.includes("@")))) return "pytree";
  if (names.every((name) => name.startsWith("@"))) return "pytree";
  if (slashed) return "slash";
  return names.some((name) => name.includes(".")) ? "dotted" : "pytree";
}

function startsLikeKeystr(name: string): boolean {
  return name.startsWith(".") || hasBrackets(name.slice(0, 2));
}

function hasBrackets(name: string): boolean {
  return /\[['"\d<TF-]/.test(name);
}

/** Whether a `#` is followed by a list index that ends where an entry ends. */
function hasIndex(name: string): boolean {
  for (let at = name.indexOf("#"); at !== -1; at = name.indexOf("#", at + 1)) {
    let end = at + 1;
    while (end < name.length && !".@#".includes(name[end]!)) end++;
    if (canonicalIndex(name.slice(at + 1, end)) !== undefined) return true;
  }
  return false;
}
