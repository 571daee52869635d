/** Plain objects and arrays, by their prototypes: those of another realm (a frame, a `vm` context) count too. */

/** Whether objects with this prototype are plain: they have none, or it has none itself. */
export function isPlainPrototype(prototype: object | null): boolean {
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether objects with this prototype are arrays. A subclass may keep more than its elements. */
export function isArrayPrototype(prototype: object | null): boolean {
  if (prototype === Array.prototype) return true;
  return Array.isArray(prototype) && isPlainPrototype(Object.getPrototypeOf(prototype));
}

/** Whether a value is an array that is nothing but its elements. */
export function isPlainArray(value: object): value is unknown[] {
  return Array.isArray(value) && isArrayPrototype(Object.getPrototypeOf(value));
}

/** An enumerable property of an object under a symbol, if there is one. */
export function symbolKeyOf(value: object): symbol | undefined {
  for (const key of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, key)) return key;
  }
  return undefined;
}
