// The list of what is wrong with a header.
import { type ErrorCode, type Fault, Pytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { METADATA_KEY } from "./prefix.ts";

// Enough to see what is going on; a header of two million wrong entries must not become two million messages.
const MAX_FAULTS = 100;

/** Collects what is wrong, so that one error can report all of it. */
export class FaultList {
  // One more than are reported, which tells that there are more.
  readonly #faults: Fault[] = [];

  /** Adds what is wrong with an entry. `nameOf` is only called while there are few enough to keep. */
  add(code: ErrorCode, nameOf: () => string, expected: string, found: string): void {
    if (this.full) return;
    const tensor = nameOf();
    const what = tensor === METADATA_KEY ? tensor : `tensor ${quote(tensor)}`;
    const message = `${what}: expected ${expected}, found ${found}`;
    this.#faults.push({ code, message, tensor, expected, found });
  }

  /** Adds what is wrong with the whole. */
  push(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** Whether there are so many that looking for more is of no use. */
  get full(): boolean {
    return this.#faults.length > MAX_FAULTS;
  }

  /** Throws an error with the first fault's code, if there is any fault. */
  throwIfAny(): void {
    const [first, ...others] = this.#faults;
    if (first === undefined) return;
    const { code, message, ...fields } = first;
    const count = this.full ? `over ${MAX_FAULTS - 1}` : others.length;
    const more = count === 0 ? "" : ` (and ${count} more)`;
    const faults = this.#faults.slice(0, MAX_FAULTS);
    throw new Pytree2SafetensorsError(code, message + more, { ...fields, faults });
  }
}
