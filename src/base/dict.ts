/**
 * Objects as dicts, safe for any key: sets an own, enumerable property whatever its name. Plain assignment would run the
 * setter that `Object.prototype` has for `__proto__`, and fails for inherited names once that prototype is frozen.
 */
export function setOwn<T>(dict: Record<string, T>, key: string, value: T): void {
  // `constructor`, `hasOwnProperty`, `isPrototypeOf`, `valueOf`, `__proto__` and so on: other keys, nearly all, need no
  // search, which costs as much as the assignment.
  const mayBeInherited = key.length > 6 && "_chiptv".includes(key[0]!);
  if (mayBeInherited && key in Object.prototype) {
    Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    dict[key] = value;
  }
}
