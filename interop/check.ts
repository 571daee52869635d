/** What the run has said so far. */
export const tally = { passed: 0, failed: 0 };

const SHOWN_FAULTS = 5;

/** Counts the cases of one check, gathers its faults and prints its line. */
export class Check {
  readonly #name: string;
  readonly #counts = new Map<string, number>();
  readonly #faults: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** One more case of this sort. */
  count(what: string, amount = 1): void {
    this.#counts.set(what, this.counted(what) + amount);
  }

  /** How many cases of this sort there were. */
  counted(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** Notes a fault; `undefined` is none. */
  fault(fault: string | undefined): void {
    if (fault !== undefined) this.#faults.push(fault);
  }

  /** Notes a fault unless the condition holds. */
  expect(condition: boolean, fault: string): void {
    if (!condition) this.#faults.push(fault);
  }

  /** Prints `pass` or `fail` with the counts. A check without a case has failed. */
  close(): void {
    const counts = [...this.#counts].map(([what, amount]) => `${amount} ${what}`).join(", ");
    if (this.#faults.length === 0 && counts !== "") {
      report("pass", `${this.#name}: ${counts}`);
      return;
    }
    const shown = this.#faults.slice(0, SHOWN_FAULTS).join("; ") || "nothing was checked";
    report("fail", `${this.#name}: ${this.#faults.length} faults in ${counts || "no cases"}: ${shown}`);
  }
}

/** Prints one line of the report and counts it. */
export function report(outcome: "pass" | "fail", text: string): void {
  tally[outcome === "pass" ? "passed" : "failed"]++;
  console.log(`${outcome} ${text}`);
}
