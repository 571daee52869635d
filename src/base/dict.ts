/**
 * Sets an own, enumerable property whatever its name. Plain assignment would run the setter that
 * `Object.prototype` has for `__proto__`, and fails for inherited names once that prototype is frozen.
 */
export function setOwn<T>(dict: Record<string, T>, key: string, value: T): void {
  if (key in Object.prototype) {
    Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    dict[key] = value;
  }
}

/** The own property `key` of `dict`, or `undefined`; inherited ones don't count. */
export function getOwn<T>(dict: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(dict, key) ? dict[key] : undefined;
}
