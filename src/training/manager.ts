// Keeps the checkpoints of a run in a store: takes snapshots, writes behind, keeps the right steps, restores.
import { requireChoice, requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf, printable } from "../base/quote.ts";
import type { LazyTensor } from "../checkpoint/lazy.ts";
import type { PyTree } from "../checkpoint/load-pytree.ts";
import { warn } from "../checkpoint/options.ts";
import type { PreparedSave } from "../checkpoint/prepare.ts";
import { openStore, type StoreInput } from "../io/open-store.ts";
import type { Store } from "../io/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { StepCounts } from "./counts.ts";
import { Failures, named } from "./failures.ts";
import {
  type CheckpointManagerOptions,
  defined,
  type Restored,
  type RestoreOptions,
  type SaveStepOptions,
} from "./options.ts";
import { type BestRule, checkBest, checkRules, isDue, type Metrics, rank } from "./policy.ts";
import { WriteQueue } from "./queue.ts";
import { chooseStep, loadStep } from "./restore.ts";
import type { StepInfo } from "./step-info.ts";
import { requireStep } from "./step-names.ts";
import { StepReader } from "./step-reader.ts";
import { nextTurn } from "./turn.ts";
import { WriteLock } from "./write-lock.ts";
import { StepWriter } from "./writer.ts";

/** Where a manager stores its steps: the path of a folder, an OPFS directory, or any store. */
export type ManagerPlace = StoreInput;

/**
 * Manages the checkpoints of a training run in a folder or another store. Each step is one safetensors file, or a folder of
 * shards. Saves run while training continues, steps that no rule keeps are removed, and you can restore the latest step or
 * the best one.
 *
 * @example
 * ```ts
 * const manager = await CheckpointManager.open("runs/7", { saveEvery: 100, keep: { last: 3 } });
 * try {
 *   for (let step = 1; step <= 1000; step++) {
 *     const loss = train(state);
 *     await manager.save(step, state, { metrics: { loss } });
 *   }
 *   await manager.wait();
 * } finally {
 *   await manager.close();
 * }
 * ```
 */
export class CheckpointManager<A = Tensor> {
  readonly #store: Store;
  readonly #options: CheckpointManagerOptions<A>;
  readonly #queue: WriteQueue;
  readonly #reader: StepReader;
  readonly #writer: StepWriter<A>;
  readonly #lock: WriteLock;
  readonly #failures: Failures;
  /** Saves that were called and wait for the lock. */
  readonly #entering = new Set<Promise<unknown>>();
  /** Steps that were taken and are not on the disk yet. */
  readonly #pending = new StepCounts();
  /** Steps that are being read. */
  readonly #pinned = new StepCounts();
  /** When a save was taken last, in seconds of a clock that never goes back. */
  #lastTaken = now();
  #closing: Promise<void> | undefined;

  private constructor(store: Store, place: ManagerPlace, options: CheckpointManagerOptions<A>) {
    this.#store = store;
    this.#options = options;
    this.#queue = new WriteQueue(options.whenBusy ?? "wait");
    this.#reader = new StepReader(store);
    this.#writer = new StepWriter(store, this.#reader, options);
    this.#lock = new WriteLock(store, place, this.#reader);
    this.#failures = new Failures(options.onError);
  }

  /**
   * Opens a folder or a store, and removes what crashed saves left in it. Files that no manager wrote are left alone.
   *
   * @throws `InvalidArgument` if a rule makes no sense; errors of the store, such as `IoError`.
   * @example
   * ```ts
   * const manager = await CheckpointManager.open("runs/7", {
   *   saveEvery: { seconds: 600 },
   *   keep: { last: 3, best: { metric: "loss", mode: "min" } },
   * });
   * ```
   */
  static async open<A = Tensor>(
    place: ManagerPlace,
    options: CheckpointManagerOptions<A> = {},
  ): Promise<CheckpointManager<A>> {
    requireOptions(options);
    checkRules(options.saveEvery ?? 1, options.keep ?? {});
    requireChoice("whenBusy", options.whenBusy, ["wait", "replace"]);
    const store = await openStore(place);
    const manager = new CheckpointManager<A>(store, place, options);
    for await (const _ of store.list()) {
      await manager.#lock.clear();
      break; // there is something at all
    }
    await manager.#reader.refresh();
    return manager;
  }

  /**
   * Saves a step if `saveEvery` or `force` says so. Resolves once the snapshot is taken; if another step is being written,
   * it waits for that first. The writing itself continues in the background.
   *
   * @returns Whether the step is saved.
   * @throws An earlier failure in the background, in which case nothing is saved; `StepExists` if the step exists and
   *   `force` isn't set; `StoreLocked` if another manager writes here; `ManagerClosed` after `close`; everything that
   *   `savePytree` throws before it writes.
   */
  async save(step: number, tree: unknown, options: SaveStepOptions = {}): Promise<boolean> {
    this.#requireOpen("save");
    requireStep(step);
    this.#failures.throwAll();
    const { metrics = {}, force = false, signal } = options;
    signal?.throwIfAborted();
    if (!force && !this.#isDue(step, metrics)) {
      // A loop that computes and awaits nothing but this would keep a write from ever going on.
      if (this.#pending.steps.length > 0) await nextTurn();
      return false;
    }
    if (!force) this.#refuseExisting(step, this.#pending.has(step));
    // Before the first `await`: from here on the program may do with its arrays what it likes.
    const preparing = this.#writer.prepare(step, tree, options);
    const before = this.#lastTaken;
    this.#lastTaken = now();
    this.#pending.add(step);
    const entering = this.#enter(step, preparing, force);
    this.#entering.add(entering);
    let prepared: PreparedSave;
    try {
      prepared = await entering;
    } catch (error) {
      this.#pending.remove(step);
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
        this.#pending.remove(step);
        this.#options.onReplaced?.(step, by);
      },
    });
    await nextTurn();
    return true;
  }

  /**
   * Waits until every saved step is on the disk.
   *
   * @throws Failures in the background, each of them once.
   */
  async wait(): Promise<void> {
    await this.#idle();
    this.#failures.throwAll();
  }

  /**
   * Waits as {@link wait} does, and then releases the store. The manager can't be used afterwards.
   *
   * @throws What {@link wait} throws. The store is released anyway.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  /** Closes the manager, for `await using`. See {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Lists the steps of the store in ascending order. Only headers are read. Steps that can't be read have an `error`. */
  async steps(): Promise<readonly StepInfo[]> {
    await this.#reader.refresh();
    return (await this.#reader.all()).map(({ info }) => info);
  }

  /** Returns the newest step, or `undefined` if there is none. If it can't be read, it has an `error`. */
  async latest(): Promise<StepInfo | undefined> {
    await this.#reader.refresh();
    for (const step of this.#reader.numbers().reverse()) {
      const found = await this.#reader.read(step);
      if (found !== undefined) return found.info;
    }
    return undefined;
  }

  /**
   * Returns the best step by a metric, or `undefined` if no step has that metric.
   *
   * @param rule The metric, and whether less or more is better; the manager's `keep.best` by default.
   */
  async best(rule?: Pick<BestRule, "metric" | "mode">): Promise<StepInfo | undefined> {
    const by = rule ?? this.#options.keep?.best;
    if (by === undefined) {
      throw new Pytree2SafetensorsError(
        "InvalidArgument",
        "nothing says which step is the best: open the manager with keep.best, or call best({ metric, mode })",
      );
    }
    checkBest(by);
    const steps = await this.steps();
    const readable = steps.filter(({ error }) => error === undefined);
    return rank(readable, by)[0];
  }

  /**
   * Loads the newest step, the best step, or a step by number. Waits for steps that are being written.
   *
   * @throws `StepNotFound` if there is no such step; an error that names the newest step if it can't be read, unless you
   *   pass `{ onBroken: "skip" }`; everything that `loadIntoPytree` and `loadPytree` throw.
   * @example
   * ```ts
   * const { step, tree } = await manager.restore({ into: initState() });
   * ```
   */
  restore<T>(options: RestoreOptions<A> & { readonly into: T }): Promise<Restored<T>>;
  restore<T = PyTree<LazyTensor>>(options: RestoreOptions<A> & { readonly lazy: true }): Promise<Restored<T>>;
  restore<T = PyTree<A>>(options?: RestoreOptions<A>): Promise<Restored<T>>;
  async restore(options: RestoreOptions<A> = {}): Promise<Restored<unknown>> {
    this.#requireOpen("restore");
    requireOptions(options);
    await this.#idle();
    const best = async () => (await this.best())?.step;
    const onWarning = options.onWarning ?? this.#options.onWarning;
    const choice = { ...options, ...defined({ onWarning }) };
    const chosen = await chooseStep(this.#reader, this.#where, best, choice);
    const { step, metrics, metadata, time } = chosen.info;
    this.#pinned.add(step);
    try {
      const tree = await loadStep(this.#store, chosen.entry, options, this.#options);
      return { step, metrics, metadata, time, tree };
    } finally {
      this.#pinned.remove(step);
    }
  }

  get #where(): string {
    return printable(this.#store.name ?? "the store");
  }

  #isDue(step: number, metrics: Metrics): boolean {
    const steps = [...this.#reader.numbers().slice(-1), ...this.#pending.steps];
    const latest = steps.length === 0 ? undefined : Math.max(...steps);
    return isDue(this.#options.saveEvery ?? 1, step, { metrics, latest, seconds: now() - this.#lastTaken });
  }

  #refuseExisting(step: number, isPending: boolean): void {
    if (!isPending && this.#reader.entriesOf(step).length === 0) return;
    throw new Pytree2SafetensorsError(
      "StepExists",
      `step ${step} exists in ${this.#where}; pass { force: true } to replace it`,
      { found: `step ${step}` },
    );
  }

  /** Takes the lock, if this is the first save. */
  async #enter(
    step: number,
    preparing: PreparedSave | PromiseLike<PreparedSave>,
    force: boolean,
  ): Promise<PreparedSave> {
    const prepared = await preparing;
    try {
      await this.#lock.take();
      if (!force) this.#refuseExisting(step, false);
      return prepared;
    } catch (error) {
      prepared.release();
      throw error;
    }
  }

  /** Waits until everything that was taken is written, or has failed. */
  async #idle(): Promise<void> {
    await Promise.allSettled(this.#entering);
    await this.#queue.idle();
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
      this.#pending.remove(step);
    }
    try {
      // The step just saved stays, whatever its number: it may be of a run that went back.
      await this.#writer.removeUnwanted(
        (other) => other === step || this.#pinned.has(other) || this.#pending.has(other),
      );
    } catch (error) {
      const message = `step ${step} is saved, but an old step could not be removed: ${messageOf(error)}`;
      warn(this.#options, new Pytree2SafetensorsError("WriteError", message, { cause: error }));
    }
  }

  async #close(): Promise<void> {
    await this.#idle();
    await this.#lock.release();
    this.#failures.throwAll();
  }

  #requireOpen(call: string): void {
    if (this.#closing === undefined) return;
    throw new Pytree2SafetensorsError(
      "ManagerClosed",
      `${call}() was called after close(); open the folder again`,
    );
  }
}

function now(): number {
  return performance.now() / 1000;
}
