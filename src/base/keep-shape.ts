const instances: object[] = [];

/**
 * Keeps an instance of a class whose methods are hot. When a collection of garbage finds no instance of a class, V8
 * forgets its shape and throws away the code that was compiled for it: loading and saving every now and then, a program
 * would start slowly each time. With one instance kept, reading a header after a collection takes a fourth of the time,
 * and `dict2pytree` a third (Node 20, `bench/`).
 */
export function keepShape(instance: object): void {
  instances.push(instance);
}
