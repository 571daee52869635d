import { UsageError } from "./exit.ts";

/** Tells by name which tensors are meant. */
export type Matcher = (name: string) => boolean;

const SPECIAL = /[\\^$.*+?()[\]{}|/]/g;
// What may follow a name for another to lie below it, in any of the key styles.
const BELOW = /^[.@#/[]/;

/**
 * A pattern for names: `*` stands for any text, `?` for one character. It takes the tensors whose names it matches, and
 * everything below: `layers#1` takes `layers#1.weight`, not `layers#10`; `*.norm` takes `decoder.norm.scale`.
 */
export function matcherOf(pattern: string): Matcher {
  const glob = new RegExp(
    `^${sourceOf(pattern)}${/(^|[.@#/[*])$/.test(pattern) ? "" : "(?=$|[.@#/[])"}`,
    "s",
  );
  return (name) => glob.test(name);
}

/** Matches what any of the patterns matches; everything, if there are none. */
export function anyOf(patterns: readonly string[]): Matcher {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map(matcherOf);
  return (name) => matchers.some((matches) => matches(name));
}

/** The names that patterns select; a pattern that selects none is a mistake and says so. */
export function selectNames(names: readonly string[], patterns: readonly string[]): readonly string[] {
  for (const pattern of patterns) {
    if (!names.some(matcherOf(pattern))) throw noMatch(pattern, names);
  }
  return names.filter(anyOf(patterns));
}

function noMatch(pattern: string, names: readonly string[]): UsageError {
  const near = names
    .filter((name) => name.toLowerCase().includes(pattern.toLowerCase().replace(/[*?]/g, "")))
    .slice(0, 3);
  const hint = near.length > 0 ? near : names.slice(0, 3);
  const shown = hint.map((name) => JSON.stringify(name)).join(", ");
  const but =
    names.length === 0
      ? "the file has no tensors"
      : `the file has ${shown}${names.length > hint.length ? ", …" : ""}`;
  return new UsageError(`no tensor matches ${JSON.stringify(pattern)}: ${but}`);
}

/** How names change: the new name, or `undefined` where the rule does not apply. */
export type Renamer = (name: string) => string | undefined;

/**
 * A rule `from=to`. Each `*` in `to` stands for what the `*` at the same place in `from` has matched. Without `*`,
 * the rule replaces a name or the beginning of a name up to a key: `model=encoder` makes `model.w` to `encoder.w`.
 */
export function renamerOf(rule: string): Renamer {
  const at = rule.indexOf("=");
  if (at < 1)
    throw new UsageError(`--rename ${JSON.stringify(rule)}: expected from=to, as in 'model.*=encoder.*'`);
  const [from, to] = [rule.slice(0, at), rule.slice(at + 1)];
  const stars = (text: string) => text.split("*").length - 1;
  if (stars(from) === 0 && stars(to) === 0) return prefixRenamer(from, to);
  if (stars(to) > stars(from)) {
    throw new UsageError(`--rename ${JSON.stringify(rule)}: there are more * after the = than before it`);
  }
  const glob = globOf(from);
  return (name) => {
    const match = glob.exec(name);
    let star = 0;
    return match ? to.replace(/\*/g, () => match[++star]!) : undefined;
  };
}

function prefixRenamer(from: string, to: string): Renamer {
  const whole = /[.@#/[]$/.test(from);
  return (name) => {
    if (name === from) return to;
    if (!name.startsWith(from)) return undefined;
    const rest = name.slice(from.length);
    if (!whole && !BELOW.test(rest)) return undefined;
    // Without a name in front, the separator has nothing to separate.
    return to === "" ? rest.replace(/^[./]/, "") : to + rest;
  };
}

function globOf(pattern: string): RegExp {
  return new RegExp(`^${sourceOf(pattern)}$`, "s");
}

function sourceOf(pattern: string): string {
  return pattern.replace(SPECIAL, (char) => (char === "*" ? "(.*)" : char === "?" ? "." : `\\${char}`));
}
