// Saves that go on behind: which are due, in which order they are written, and what became of them.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf } from "../base/quote.ts";
import { warn } from "../checkpoint/options.ts";
import type { PreparedSave } from "../checkpoint/prepare.ts";
import type { StoreInput } from "../io/open-store.ts";
import type { Store } from "../io/types.ts";
import { Failures, named } from "./failures.ts";
import type { CheckpointManagerOptions, SaveStepOptions } from "./options.ts";
import { isDue, type Metrics } from "./policy.ts";
import { WriteQueue } from "./queue.ts";
import type { StepReader } from "./step-reader.ts";
import { nextTurn } from "./turn.ts";
import { WriteLock } from "./write-lock.ts";
import { StepWriter } from "./writer.ts";

/** The saves of one manager. */
export class BackgroundSaves<A> {
  readonly #options: CheckpointManagerOptions<A>;
  readonly #queue: WriteQueue;
  readonly #reader: StepReader;
  readonly #writer: StepWriter<A>;
  readonly #lock: WriteLock;
  readonly #failures: Failures;
  /** Saves that were called and wait for the lock. */
  readonly #entering = new Set<Promise<unknown>>();
  /** What was taken and is not on the disk yet, with its step. */
  readonly #pending = new Map<PreparedSave, number>();
  /** When a save was taken last, in seconds of a clock that never goes back. */
  #lastTaken = now();

  constructor(store: Store, place: StoreInput, reader: StepReader, options: CheckpointManagerOptions<A>) {
    this.#options = options;
    this.#queue = new WriteQueue(options.whenBusy ?? "wait");
    this.#reader = reader;
    this.#writer = new StepWriter(store, reader, options);
    this.#lock = new WriteLock(store, place, reader);
    this.#failures = new Failures(options.onError);
  }

  /** Clears what dead saves left, unless somebody writes here or nobody can. */
  async clear(): Promise<void> {
    await this.#lock.clear();
  }

  /** Takes a step if it is due, and writes it behind; see `CheckpointManager.save`. */
  async save(step: number, tree: unknown, options: SaveStepOptions): Promise<boolean> {
    this.#failures.throwAll();
    const { metrics = {}, force = false, signal } = options;
    signal?.throwIfAborted();
    if (!force && !this.#isDue(step, metrics)) {
      // A loop that computes and awaits nothing but this would keep a write from ever going on.
      if (this.#pending.size > 0) await nextTurn();
      return false;
    }
    if (!force) this.#refuseExisting(step, this.#isPending(step));
    // Before the first `await`: from here on the program may do with its arrays what it likes.
    const prepared = this.#writer.prepare(step, tree, options);
    const before = this.#lastTaken;
    this.#lastTaken = now();
    this.#pending.set(prepared, step);
    const entering = this.#enter(step, force);
    this.#entering.add(entering);
    try {
      await entering;
    } catch (error) {
      prepared.release();
      this.#pending.delete(prepared);
      this.#lastTaken = before;
      throw error;
    } finally {
      this.#entering.delete(entering);
    }
    await this.#queue.add({
      step,
      run: () => this.#run(step, prepared, options),
      replaced: (by) => {
        prepared.release();
        this.#pending.delete(prepared);
        this.#options.onReplaced?.(step, by);
      },
    });
    await nextTurn();
    return true;
  }

  /** Waits until everything that was taken is written, or has failed. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#entering);
    await this.#queue.idle();
  }

  /** Waits as {@link idle} does, and throws what has failed. */
  async wait(): Promise<void> {
    await this.idle();
    this.#failures.throwAll();
  }

  /** Waits as {@link wait} does, after which the store is another's. */
  async close(): Promise<void> {
    await this.idle();
    await this.#lock.release();
    this.#failures.throwAll();
  }

  #isPending(step: number): boolean {
    return [...this.#pending.values()].includes(step);
  }

  #isDue(step: number, metrics: Metrics): boolean {
    const steps = [...this.#reader.numbers().slice(-1), ...this.#pending.values()];
    const latest = steps.length === 0 ? undefined : Math.max(...steps);
    return isDue(this.#options.saveEvery ?? 1, step, { metrics, latest, seconds: now() - this.#lastTaken });
  }

  #refuseExisting(step: number, isPending: boolean): void {
    if (!isPending && this.#reader.entriesOf(step).length === 0) return;
    throw new Pytree2SafetensorsError(
      "StepExists",
      `step ${step} exists in ${this.#reader.where}; pass { force: true } to replace it`,
      { found: `step ${step}` },
    );
  }

  /** Takes the lock, if this is the first save. */
  async #enter(step: number, force: boolean): Promise<void> {
    await this.#lock.take();
    if (!force) this.#refuseExisting(step, false);
  }

  /** Writes one step, then removes the steps that no rule keeps any more. */
  async #run(step: number, prepared: PreparedSave, options: SaveStepOptions): Promise<void> {
    try {
      await this.#lock.verify();
      await this.#writer.write(step, prepared, options);
    } catch (error) {
      this.#failures.add(step, options.signal?.aborted ? error : named(error, step));
      return;
    } finally {
      prepared.release();
      this.#pending.delete(prepared);
    }
    try {
      // The step just saved stays, whatever its number: it may be of a run that went back.
      await this.#writer.removeUnwanted(
        (other) => other === step || this.#reader.isPinned(other) || this.#isPending(other),
      );
    } catch (error) {
      const message = `step ${step} is saved, but an old step could not be removed: ${messageOf(error)}`;
      warn(this.#options, new Pytree2SafetensorsError("WriteError", message, { cause: error }));
    }
  }
}

function now(): number {
  return performance.now() / 1000;
}
