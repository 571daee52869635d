/** The order in which people look for names: layer 2 before layer 10. */

/** Compares names with runs of digits as numbers, all else by code units. */
export function naturalCompare(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const [digitX, digitY] = [isDigit(x), isDigit(y)];
    const inNumber = i > 0 && isDigit(a.charCodeAt(i - 1));
    if ((digitX && digitY) || (inNumber && (digitX || digitY))) return compareNumbers(a, b, i);
    return x - y;
  }
  return a.length - b.length;
}

/** Names in natural order. */
export function inNaturalOrder(names: Iterable<string>): string[] {
  return [...names].sort(naturalCompare);
}

/** Compares the numbers that two texts have where they begin to differ. */
function compareNumbers(a: string, b: string, at: number): number {
  let start = at;
  while (start > 0 && isDigit(a.charCodeAt(start - 1))) start--;
  const [x, y] = [digitsOf(a, start), digitsOf(b, start)];
  const [p, q] = [x.replace(/^0+/, ""), y.replace(/^0+/, "")];
  if (p.length !== q.length) return p.length - q.length;
  if (p !== q) return p < q ? -1 : 1;
  // The same number with other zeros in front.
  return x.length - y.length || (a < b ? -1 : 1);
}

function digitsOf(text: string, start: number): string {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return text.slice(start, end);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
