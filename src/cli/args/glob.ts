/** Patterns with `*` and `?`, matched in constant memory and at most name × pattern steps. */

/** What a pattern is matched against. */
export interface Text {
  readonly length: number;
  charCodeAt(index: number): number;
}

const STAR = 42;
const QUESTION = 63;

/**
 * Matches the whole text. Each `*` stands for any text and takes as much of it as those after it leave, `?` stands for
 * one character.
 *
 * Goes from the end to the beginning and, where it can't go on, gives the `*` that came last one character more.
 * Earlier ones are never taken up again: what they have taken is the least that they can, so giving them more helps
 * nothing that comes after.
 *
 * @returns What each `*` stands for, from where to where; `undefined` if the pattern does not match.
 */
export function matchGlob(
  pattern: string,
  text: Text,
): (readonly [start: number, end: number])[] | undefined {
  const captures: [number, number][] = [];
  let p = pattern.length - 1;
  let t = text.length - 1;
  // The last `*` that was met: its place, and the end of what it does not take yet.
  let star = -1;
  let taken = 0;
  for (;;) {
    if (p >= 0 && pattern.charCodeAt(p) === STAR) {
      captures.push([t + 1, t + 1]);
      star = p--;
      taken = t;
    } else if (p < 0 && t < 0) {
      return captures.reverse();
    } else if (p >= 0 && t >= 0 && pattern.charCodeAt(p) === QUESTION) {
      t -= isPair(text, t) ? 2 : 1;
      p--;
    } else if (p >= 0 && t >= 0 && pattern.charCodeAt(p) === text.charCodeAt(t)) {
      t--;
      p--;
    } else if (star >= 0 && taken >= 0) {
      t = --taken;
      captures.at(-1)![0] = t + 1;
      p = star - 1;
    } else {
      return undefined;
    }
  }
}

/** Whether the character that ends here takes two places. */
function isPair(text: Text, at: number): boolean {
  return at > 0 && (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}
