// The right to write into a store: taken by the first save, which clears what dead saves left.
import type { StoreInput } from "../io/open-store.ts";
import type { Store } from "../io/types.ts";
import { clearLitter } from "./litter.ts";
import type { LockPurpose, StoreLock } from "./lock.ts";
import { lockOf } from "./locks.ts";
import type { StepReader } from "./step-reader.ts";

/** The lock of a manager's store, held from its first save to its end. */
export class WriteLock {
  readonly #store: Store;
  readonly #reader: StepReader;
  readonly #lockStore: (purpose: LockPurpose) => Promise<StoreLock>;
  #taken: Promise<StoreLock> | undefined;

  constructor(store: Store, place: StoreInput, reader: StepReader) {
    this.#store = store;
    this.#reader = reader;
    this.#lockStore = lockOf(store, place);
  }

  /** Takes the lock, unless it is held. Nobody writes from then on, so that the steps are looked at anew. */
  async take(): Promise<void> {
    this.#taken ??= this.#take();
    await this.#taken;
  }

  /** Throws if the lock was taken away meanwhile. */
  async verify(): Promise<void> {
    await (await this.#taken)?.verify();
  }

  /** Lets go of the lock, if it was taken. */
  async release(): Promise<void> {
    await (await this.#taken)?.release();
  }

  /** Clears what dead saves left, unless somebody writes here or nobody can. */
  async clear(): Promise<void> {
    try {
      const lock = await this.#lockStore("clear");
      try {
        await clearLitter(this.#store);
      } finally {
        await lock.release();
      }
    } catch {
      // Reading needs no clearing; if writing can't, the first save says why.
    }
  }

  async #take(): Promise<StoreLock> {
    try {
      const lock = await this.#lockStore("write");
      await clearLitter(this.#store);
      await this.#reader.refresh();
      return lock;
    } catch (error) {
      this.#taken = undefined; // the next save tries again
      throw error;
    }
  }
}
