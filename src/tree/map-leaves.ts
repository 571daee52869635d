/**
 * The type of a tree after its leaves of type `A` became `B`. Containers keep their keys, and tuples their length.
 */
export type MapLeaves<T, A, B> = T extends A
  ? B
  : T extends null | undefined
    ? T
    : T extends ReadonlyMap<infer K, infer V>
      ? Map<K, MapLeaves<V, A, B>>
      : T extends readonly unknown[]
        ? { -readonly [K in keyof T]: MapLeaves<T[K], A, B> }
        : T extends (...args: never[]) => unknown
          ? T
          : T extends object
            ? { [K in keyof T]: MapLeaves<T[K], A, B> }
            : T;
