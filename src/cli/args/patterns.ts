/** Patterns for the names of tensors, and rules that rename them. */
import { quote } from "../terminal/text.ts";
import { UsageError } from "./exit.ts";
import { matchGlob, type Text } from "./glob.ts";

/** Tells by name which tensors are meant. */
export type Matcher = (name: string) => boolean;

// What may follow a name for another to lie below it, in any of the key styles.
const BELOW = ".@#/[";

/**
 * A pattern for names: `*` stands for any text, `?` for one character. It takes the tensors whose names it matches, and
 * everything below: `layers#1` takes `layers#1.weight`, not `layers#10`; `*.norm` takes `decoder.norm.scale`.
 */
export function matcherOf(pattern: string): Matcher {
  return (name) => matches(pattern, name);
}

/** Whether a pattern takes a name. */
export function matches(pattern: string, name: Text): boolean {
  // What ends with a separator or a star needs nothing more to end at one.
  if (pattern === "" || BELOW.includes(pattern.at(-1)!) || pattern.endsWith("*"))
    return matchGlob(`${pattern}*`, name) !== undefined;
  if (matchGlob(pattern, name) !== undefined) return true;
  return [...BELOW].some((separator) => matchGlob(`${pattern}${separator}*`, name) !== undefined);
}

/** Matches what any of the patterns matches; everything, if there are none. */
export function anyOf(patterns: readonly string[]): Matcher {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map(matcherOf);
  return (name) => matchers.some((matches) => matches(name));
}

/**
 * The names that patterns select; all of them, if there are no patterns.
 *
 * @throws {UsageError} For a pattern that selects none.
 */
export function selectNames(names: readonly string[], patterns: readonly string[]): readonly string[] {
  const selection = new Selection(patterns);
  const selected = selection.of(names);
  selection.finish();
  return selected;
}

/** What patterns select in several files together. */
export class Selection {
  readonly #matchers: readonly { readonly pattern: string; readonly takes: Matcher }[];
  /** Patterns that have selected nothing yet. */
  readonly #idle: Set<string>;
  #seen: readonly string[] = [];

  constructor(patterns: readonly string[]) {
    this.#idle = new Set(patterns);
    this.#matchers = [...this.#idle].map((pattern) => ({ pattern, takes: matcherOf(pattern) }));
  }

  /** The names of a file that the patterns select. */
  of(names: readonly string[]): readonly string[] {
    if (this.#matchers.length === 0) return names;
    if (this.#seen.length === 0) this.#seen = names;
    return names.filter((name) => {
      let isTaken = false;
      for (const { pattern, takes } of this.#matchers) {
        // A name that is in needs no second pattern, but each pattern needs a name.
        if ((isTaken && !this.#idle.has(pattern)) || !takes(name)) continue;
        isTaken = true;
        this.#idle.delete(pattern);
      }
      return isTaken;
    });
  }

  /**
   * Ends the selection.
   *
   * @throws {UsageError} For a pattern that has selected nothing in any file.
   */
  finish(): void {
    for (const pattern of this.#idle) throw noMatch(pattern, this.#seen);
  }
}

function noMatch(pattern: string, names: readonly string[]): UsageError {
  const text = pattern.toLowerCase().replace(/[*?]/g, "");
  const near = names.filter((name) => name.toLowerCase().includes(text)).slice(0, 3);
  const hint = near.length > 0 ? near : names.slice(0, 3);
  const shown = hint.map((name) => quote(name, 80)).join(", ");
  const but =
    names.length === 0
      ? "the file has no tensors"
      : `the file has ${shown}${names.length > hint.length ? ", …" : ""}`;
  return new UsageError(`no tensor matches ${quote(pattern)}: ${but}`);
}

/** How names change: the new name, or `undefined` where the rule does not apply. */
export type Renamer = (name: string) => string | undefined;

/**
 * A rule `from=to`. Each `*` in `to` stands for what the `*` at the same place in `from` has matched. Without `*`,
 * the rule replaces a name or the beginning of a name up to a key: `model=encoder` makes `model.w` to `encoder.w`.
 */
export function renamerOf(rule: string): Renamer {
  const at = rule.indexOf("=");
  if (at < 1) throw new UsageError(`--rename ${quote(rule)}: expected from=to, as in 'model.*=encoder.*'`);
  const [from, to] = [rule.slice(0, at), rule.slice(at + 1)];
  const stars = (text: string) => text.split("*").length - 1;
  if (stars(from) === 0 && stars(to) === 0) return prefixRenamer(from, to);
  if (stars(to) > stars(from)) {
    throw new UsageError(`--rename ${quote(rule)}: there are more * after the = than before it`);
  }
  const pieces = to.split("*");
  return (name) => {
    const captures = matchGlob(from, name);
    if (captures === undefined) return undefined;
    return pieces.map((piece, i) => (i === 0 ? piece : name.slice(...captures[i - 1]!) + piece)).join("");
  };
}

function prefixRenamer(from: string, to: string): Renamer {
  const whole = BELOW.includes(from.at(-1)!);
  return (name) => {
    if (name === from) return to;
    if (!name.startsWith(from)) return undefined;
    const rest = name.slice(from.length);
    if (!whole && !BELOW.includes(rest[0]!)) return undefined;
    // Without a name in front, the separator has nothing to separate.
    return to === "" ? rest.replace(/^[./]/, "") : to + rest;
  };
}
