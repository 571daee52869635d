/** What objects have in common, as it is now: every built-in object that a program reaches, and all of its properties. */
export type PrototypeRecord = ReadonlyMap<object, ReadonlyMap<string | symbol, unknown>>;

/**
 * Walks all that hangs on the global object and on the roots given: properties, getters, setters, prototypes. What
 * getters give is not asked for, for that runs code.
 */
export function recordPrototypes(roots: readonly object[]): PrototypeRecord {
  const seen = new Map<object, Map<string | symbol, unknown>>();
  const waiting: unknown[] = [globalThis, ...INTRINSICS, ...roots];
  while (waiting.length > 0) {
    const object = waiting.pop();
    if ((typeof object !== "object" && typeof object !== "function") || object === null || seen.has(object))
      continue;
    const isBuiltIn = typeof object === "function" || "constructor" in object;
    if (!isBuiltIn || ArrayBuffer.isView(object)) continue;
    const properties = new Map<string | symbol, unknown>();
    seen.set(object, properties);
    properties.set("[[Prototype]]", Object.getPrototypeOf(object));
    waiting.push(Object.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set, writable } = Object.getOwnPropertyDescriptor(object, key)!;
      properties.set(key, get ?? set ?? value);
      waiting.push(get, set);
      // Prototypes, and the constructors and methods that lead to them; plain values are the program's own.
      if (typeof value === "function" || key === "prototype" || writable === false) waiting.push(value);
    }
  }
  return seen;
}

/** What has changed: `Object.prototype.polluted: undefined became 1`. */
export function changes(before: PrototypeRecord, after: PrototypeRecord): string[] {
  const found: string[] = [];
  for (const [object, properties] of before) {
    if (object === globalThis) continue; // a program may make globals, and lazy ones appear on their own
    const now = after.get(object);
    const keys = new Set([...properties.keys(), ...(now?.keys() ?? [])]);
    for (const key of keys) {
      if (
        now === undefined ||
        !Object.is(properties.get(key), now.get(key)) ||
        properties.has(key) !== now.has(key)
      )
        found.push(`${nameOf(object)}.${String(key)}`);
    }
  }
  return found;
}

function nameOf(object: object): string {
  if (typeof object === "function") return object.name || "a function";
  const owner = (object as { constructor?: unknown }).constructor;
  return typeof owner === "function" ? `${owner.name}.prototype` : "an object";
}

// What no global leads to.
const INTRINSICS: readonly unknown[] = [
  Object.getPrototypeOf(function* () {}),
  Object.getPrototypeOf(async () => {}),
  Object.getPrototypeOf(async function* () {}),
  Object.getPrototypeOf([][Symbol.iterator]()),
  Object.getPrototypeOf(new Map()[Symbol.iterator]()),
  Object.getPrototypeOf(new Set()[Symbol.iterator]()),
  Object.getPrototypeOf(""[Symbol.iterator]()),
  Object.getPrototypeOf(Int8Array),
];
