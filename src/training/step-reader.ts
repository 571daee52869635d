// What is known of the steps in a store: a listing, and the headers that were read.
import { printable } from "../base/quote.ts";
import type { Store } from "../io/types.ts";
import { listSteps, readStep, type StepEntry } from "./step-files.ts";
import type { StepInfo } from "./step-info.ts";

// Headers that are read at once.
const AT_ONCE = 8;

/** A step with what its header says. */
export interface FoundStep {
  readonly entry: StepEntry;
  readonly info: StepInfo;
}

/** Reads each header once, as long as its file stays as it is. */
export class StepReader {
  readonly #store: Store;
  #entries: readonly StepEntry[] = [];
  readonly #infos = new Map<string, StepInfo | undefined>();
  /** What is being restored, so that it must stay. */
  readonly pinned = new Set<FoundStep>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** What messages call the store. */
  get where(): string {
    return printable(this.#store.name ?? "the store");
  }

  /** Lists the store anew. */
  async refresh(): Promise<void> {
    const { entries } = await listSteps(this.#store);
    this.#entries = entries;
    const stamps = new Set(entries.map(stampOf));
    for (const stamp of this.#infos.keys()) if (!stamps.has(stamp)) this.#infos.delete(stamp);
  }

  /** The numbers of the steps, ascending. */
  numbers(): number[] {
    return [...new Set(this.#entries.map(({ step }) => step))];
  }

  /** Whether a step is being restored. */
  isPinned(step: number): boolean {
    return [...this.pinned].some(({ entry }) => entry.step === step);
  }

  /** The forms in which a step is there: one, or two while one takes the place of the other. */
  entriesOf(step: number): readonly StepEntry[] {
    return this.#entries.filter((entry) => entry.step === step);
  }

  /**
   * A step with what its header says; of two forms the later one.
   *
   * @returns `undefined` if it is not a manager's, or is gone.
   */
  async read(step: number): Promise<FoundStep | undefined> {
    const found: FoundStep[] = [];
    for (const entry of this.entriesOf(step)) {
      const info = await this.#infoOf(entry);
      if (info !== undefined) found.push({ entry, info });
    }
    return found.sort((a, b) => b.info.time.getTime() - a.info.time.getTime())[0];
  }

  /** All steps of a manager, ascending. */
  async all(): Promise<FoundStep[]> {
    const numbers = this.numbers();
    const found: FoundStep[] = [];
    for (let at = 0; at < numbers.length; at += AT_ONCE) {
      const some = await Promise.all(numbers.slice(at, at + AT_ONCE).map((step) => this.read(step)));
      found.push(...some.filter((one) => one !== undefined));
    }
    return found;
  }

  async #infoOf(entry: StepEntry): Promise<StepInfo | undefined> {
    const stamp = stampOf(entry);
    if (this.#infos.has(stamp)) return this.#infos.get(stamp);
    const info = await readStep(this.#store, entry);
    if (info?.error === undefined) {
      this.#infos.set(stamp, info);
      return info;
    }
    // Whoever writes here may have removed it since it was listed.
    await this.refresh();
    return this.#entries.some((other) => stampOf(other) === stamp) ? info : undefined;
  }
}

function stampOf({ main }: StepEntry): string {
  return `${main.key} ${main.size} ${main.modified}`;
}
