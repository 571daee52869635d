/**
 * Compares two strings by the order of their UTF-8 bytes, which is the order of code points: Python's
 * order of `str` and the reference serializer's of names. JavaScript's own `<` compares UTF-16 units and
 * puts U+1F600 before U+FF5E.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

// Surrogates stand for code points above every other unit, so they sort after U+E000 … U+FFFF.
function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

// A lone surrogate.
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether `text` can be written as UTF-8: it contains no lone surrogate. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
