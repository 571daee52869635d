// One write at a time, in the order of the saves.

/** A write that waits for its turn. */
export interface WriteJob {
  readonly step: number;
  /** Writes. Never rejects: what fails is its own to report. */
  run(): Promise<void>;
  /** Called in place of `run` when another job takes its place. */
  replaced(by: number): void;
}

/** What to do with a save while another one is being written. */
export type WhenBusy = "wait" | "replace";

/** Runs jobs one after the other. */
export class WriteQueue {
  readonly #whenBusy: WhenBusy;
  readonly #waiting: { readonly job: WriteJob; readonly started: () => void }[] = [];
  #running: WriteJob | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(whenBusy: WhenBusy) {
    this.#whenBusy = whenBusy;
  }

  /**
   * Takes a job. Under `"wait"` this resolves when its turn has come, so that whoever awaits it holds no more than two
   * trees; under `"replace"` it resolves at once, and the job takes the place of the one that waited.
   */
  add(job: WriteJob): Promise<void> {
    if (this.#whenBusy === "replace") {
      for (const { job: old, started } of this.#waiting.splice(0)) {
        old.replaced(job.step);
        started();
      }
    }
    const turn = new Promise<void>((started) => {
      this.#waiting.push({ job, started });
    });
    if (this.#running === undefined) {
      this.#loop = this.#run();
    }
    return this.#whenBusy === "replace" ? Promise.resolve() : turn;
  }

  /** Waits until nothing is being written and nothing waits. */
  async idle(): Promise<void> {
    await this.#loop;
    // A job may have been added while the last one ended.
    if (this.#running !== undefined) await this.idle();
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#running = next.job;
      next.started();
      await next.job.run();
      this.#running = undefined;
    }
  }
}
