/** Makes an adapter's array of a tensor, and says of which one when the adapter fails. */
import { amendError, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf, quote } from "../base/quote.ts";
import type { Awaitable } from "../base/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ArrayAdapter } from "./adapter.ts";

/** The adapter's array of a tensor; without an adapter the tensor itself, which is then of type `A`. */
export function makeArray<A>(
  adapter: ArrayAdapter<A> | undefined,
  tensor: Tensor,
  name: string,
): Awaitable<A> {
  if (adapter === undefined) return tensor as A & Tensor;
  const fail = (error: unknown) => {
    throw named(adapter, name, error);
  };
  try {
    const made = adapter.make(tensor);
    return made instanceof Promise ? made.catch(fail) : made;
  } catch (error) {
    return fail(error);
  }
}

/** The synchronous form of {@link makeArray}. */
export function makeArraySync<A>(adapter: ArrayAdapter<A> | undefined, tensor: Tensor, name: string): A {
  if (adapter === undefined) return tensor as A & Tensor;
  if (adapter.makeSync === undefined) {
    const message = `the adapter ${quote(adapter.name)} has no makeSync, so load() can't make ${quote(name)} at once; use loadFile()`;
    throw new Pytree2SafetensorsError("AsyncAdapter", message, { tensor: name });
  }
  try {
    return adapter.makeSync(tensor);
  } catch (error) {
    throw named(adapter, name, error);
  }
}

/** Names the tensor that an adapter could not take. */
function named(adapter: { readonly name: string }, name: string, error: unknown): Pytree2SafetensorsError {
  if (!isPytree2SafetensorsError(error)) {
    const message = `tensor ${quote(name)}: ${quote(adapter.name)} can't make an array of it: ${messageOf(error)}`;
    return new Pytree2SafetensorsError("AdapterError", message, { tensor: name, cause: error });
  }
  return error.tensor === undefined ? amendError(error, `tensor ${quote(name)}`, { tensor: name }) : error;
}
