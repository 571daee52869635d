/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Bytes that are not shared between threads, as web APIs ask for: `Uint8Array<ArrayBuffer>` since TypeScript 5.7, which
 * gave typed arrays a type argument, and `Uint8Array` before.
 */
export type UnsharedBytes = ReturnType<Uint8Array["slice"]>;
