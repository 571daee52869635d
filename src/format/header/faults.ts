// The list of what is wrong with a header.
import { type Fault, Pytree2SafetensorsError } from "../../base/errors.ts";

// Enough to see what is going on; a header of two million wrong entries must not become two million messages.
const MAX_FAULTS = 100;

/** Collects what is wrong, so that one error can report all of it. */
export class FaultList {
  count = 0;
  readonly #faults: Fault[] = [];

  /** Adds a fault. `describe` is only called while there are few enough to keep. */
  add(describe: () => Fault): void {
    if (this.count++ < MAX_FAULTS) this.#faults.push(describe());
  }

  /** Whether there are so many that looking for more is of no use. */
  get full(): boolean {
    return this.count > MAX_FAULTS;
  }

  /** Throws an error with the first fault's code, if there is any fault. */
  throwIfAny(): void {
    const first = this.#faults[0];
    if (first === undefined) return;
    const { code, message, ...fields } = first;
    const more = this.full
      ? ` (and over ${MAX_FAULTS - 1} more)`
      : this.count > 1
        ? ` (and ${this.count - 1} more)`
        : "";
    throw new Pytree2SafetensorsError(code, message + more, { ...fields, faults: this.#faults });
  }
}
