const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get!;

/**
 * The name of the typed array's class, or `undefined` for anything else (a `DataView` too). It asks the engine
 * itself, which `instanceof` does not: arrays of another realm (a frame, a worker's `vm`) have other classes.
 */
export function typedArrayName(value: unknown): string | undefined {
  return nameOf.call(value);
}
