// Steps that something is going on with, and how often.

/** A set whose members are as often in it as they were added. */
export class StepCounts {
  readonly #counts = new Map<number, number>();

  /** The steps. */
  get steps(): number[] {
    return [...this.#counts.keys()];
  }

  has(step: number): boolean {
    return this.#counts.has(step);
  }

  add(step: number): void {
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
  }

  remove(step: number): void {
    const left = this.#counts.get(step)! - 1;
    if (left === 0) this.#counts.delete(step);
    else this.#counts.set(step, left);
  }
}
