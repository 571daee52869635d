import { PyTreeContainer } from "./container.ts";
import { getRegistration, type Registration } from "./registry.ts";

/** What a value is in a pytree: a leaf, `None`, or one of the containers; a registered class is its registration. */
export type NodeKind = "leaf" | "none" | "list" | "dict" | "map" | "attrs" | Registration;

/**
 * Says what a value is. Plain objects are those without a prototype and those whose prototype has none, so
 * that objects of another realm count too.
 */
export function kindOf(value: unknown): NodeKind {
  if (typeof value !== "object") return value === undefined ? "none" : "leaf";
  if (value === null) return "none";
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return "dict";
  if (prototype === Array.prototype && Array.isArray(value)) return "list";
  const registration = getRegistration(prototype);
  if (registration !== undefined) return registration;
  if (value instanceof PyTreeContainer) return "attrs";
  const base: object | null = Object.getPrototypeOf(prototype);
  if (base === null) return "dict";
  // An array of another realm; a subclass may keep more than its elements.
  if (Array.isArray(value)) return Object.getPrototypeOf(base) === null ? "list" : "leaf";
  return isMap(value, prototype, base) ? "map" : "leaf";
}

// A Map of any realm, but no subclass: that one may keep more than its entries.
function isMap(value: object, prototype: object, base: object): boolean {
  if (prototype === Map.prototype) return true;
  // Every class comes here, so that the cheap questions are asked first.
  if (!Object.hasOwn(prototype, "forEach") || Object.getPrototypeOf(base) !== null) return false;
  return Object.prototype.toString.call(value) === "[object Map]";
}
