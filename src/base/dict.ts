/**
 * Sets an own, enumerable property whatever its name. Plain assignment would run the setter that
 * `Object.prototype` has for `__proto__`, and fails for inherited names once that prototype is frozen.
 */
export function setOwn<T>(dict: Record<string, T>, key: string, value: T): void {
  if (mayBeInherited(key) && key in Object.prototype) {
    Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    dict[key] = value;
  }
}

/**
 * Whether a key is as long as what `Object.prototype` has and begins as one of its names: for other keys, nearly all,
 * that spares a search, which costs as much as the assignment.
 */
function mayBeInherited(key: string): boolean {
  if (key.length < SHORTEST) return false;
  const first = key.charCodeAt(0);
  return first < 128 && STARTS[first] === 1;
}

const STARTS = new Uint8Array(128);
let SHORTEST = Number.POSITIVE_INFINITY;
for (const name of Object.getOwnPropertyNames(Object.prototype)) {
  STARTS[name.charCodeAt(0)] = 1;
  SHORTEST = Math.min(SHORTEST, name.length);
}

/** The own property `key` of `dict`, or `undefined`; inherited ones don't count. */
export function getOwn<T>(dict: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}
