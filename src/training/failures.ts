// What failed in the background, kept until a call throws it.
import { amendError, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf } from "../base/quote.ts";

/** Takes the option of the manager's name. */
type OnError = ((error: Error, step: number) => void) | undefined;

/** The failures that the program has not been told of. */
export class Failures {
  readonly #onError: OnError;
  #untold: unknown[] = [];

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  /** Tells `onError`, or keeps the error for the next call. */
  add(step: number, error: unknown): void {
    if (this.#onError === undefined) {
      this.#untold.push(error);
      return;
    }
    try {
      this.#onError(error as Error, step);
    } catch (thrown) {
      this.#untold.push(thrown);
    }
  }

  /** Throws what the program has not been told of: one error that names all if it is more than one. */
  throwAll(): void {
    const untold = this.#untold;
    if (untold.length === 0) return;
    this.#untold = [];
    if (untold.length === 1) throw untold[0];
    const message = `${untold.length} saves failed: ${untold.map(messageOf).join("; ")}`;
    const faults = untold.flatMap((error) => (isPytree2SafetensorsError(error) ? error.faults : []));
    throw new Pytree2SafetensorsError("WriteError", message, { faults, cause: untold[0] });
  }
}

/** The same error with the step in front. */
export function named(error: unknown, step: number): Pytree2SafetensorsError {
  if (isPytree2SafetensorsError(error)) return amendError(error, `step ${step}`, {});
  return new Pytree2SafetensorsError("WriteError", `step ${step}: ${messageOf(error)}`, { cause: error });
}
