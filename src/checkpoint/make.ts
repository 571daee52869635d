import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { Awaitable } from "../base/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter } from "./adapter.ts";

/** Makes an adapter's array of a tensor; without an adapter the tensor itself, which is then of type `A`. */
export function makeArray<A>(
  adapter: ArrayAdapter<A> | undefined,
  tensor: Tensor,
  name: string,
): Awaitable<A> {
  if (adapter === undefined) return tensor as A & Tensor;
  try {
    const made = adapter.make(tensor);
    return made instanceof Promise ? made.catch((error) => fail(adapter, name, error)) : made;
  } catch (error) {
    return fail(adapter, name, error);
  }
}

/** The synchronous form of {@link makeArray}. */
export function makeArraySync<A>(adapter: ArrayAdapter<A> | undefined, tensor: Tensor, name: string): A {
  if (adapter === undefined) return tensor as A & Tensor;
  if (adapter.makeSync === undefined) {
    throw new Pytree2SafetensorsError(
      "AsyncAdapter",
      `the adapter ${JSON.stringify(adapter.name)} has no makeSync, so load() can't make ${JSON.stringify(name)} at once; use loadFile()`,
      { tensor: name },
    );
  }
  try {
    return adapter.makeSync(tensor);
  } catch (error) {
    return fail(adapter, name, error);
  }
}

/** Names the tensor that an adapter could not take. */
function fail(adapter: { readonly name: string }, name: string, cause: unknown): never {
  if (cause instanceof Pytree2SafetensorsError && cause.tensor === undefined) {
    throw new Pytree2SafetensorsError(cause.code, `tensor ${JSON.stringify(name)}: ${cause.message}`, {
      tensor: name,
      cause,
    });
  }
  if (cause instanceof Pytree2SafetensorsError) throw cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new Pytree2SafetensorsError(
    "UnsupportedDtype",
    `tensor ${JSON.stringify(name)}: ${adapter.name} can't hold it: ${reason}`,
    { tensor: name, cause },
  );
}
