/** How far a long call is, reported often enough for a bar and seldom enough to cost nothing. */

/** The progress of a long call. `loaded` never decreases, and ends at `total`. */
export interface Progress {
  /** The number of bytes done. */
  readonly loaded: number;
  /** The total number of bytes. */
  readonly total: number;
  /** The tensor that was processed last. */
  readonly name: string;
}

/** Receives {@link Progress} reports. */
export type OnProgress = (progress: Progress) => void;

// About this many reports a call, however many tensors there are: enough for a smooth bar.
const REPORTS = 256;

/** Counts bytes and reports them. */
export class ProgressCounter {
  #loaded = 0;
  #next: number;
  readonly #total: number;
  readonly #step: number;
  readonly #report: OnProgress | undefined;

  constructor(total: number, report: OnProgress | undefined) {
    this.#total = total;
    this.#step = Math.max(1, total / REPORTS);
    this.#next = this.#step;
    this.#report = report;
  }

  add(bytes: number, name: string): void {
    this.#loaded += bytes;
    if (this.#report === undefined || this.#loaded < this.#next || this.#loaded >= this.#total) return;
    this.#next = this.#loaded + this.#step;
    this.#report({ loaded: this.#loaded, total: this.#total, name });
  }

  /** The last report, once everything is done. */
  finish(name: string): void {
    this.#report?.({ loaded: this.#total, total: this.#total, name });
  }
}
