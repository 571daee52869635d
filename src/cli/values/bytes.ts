// Compares bytes; runs in Node and in browsers.

/** Whether two pieces of memory hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  // Node's own comparison is a few times as fast as the loop below.
  if (typeof Buffer !== "undefined") return Buffer.compare(a, b) === 0;
  const words = (a.byteOffset | b.byteOffset) % 4 === 0 ? a.byteLength >>> 2 : 0;
  const [x, y] = [wordsOf(a, words), wordsOf(b, words)];
  for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
  for (let i = 4 * words; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

function wordsOf({ buffer, byteOffset }: Uint8Array, count: number): Int32Array {
  return count === 0 ? new Int32Array(0) : new Int32Array(buffer, byteOffset, count);
}
