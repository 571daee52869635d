// Keeps the checkpoints of a run in a store: takes snapshots, writes behind, keeps the right steps, restores.

import { requireChoice, requireOptions } from "../base/arguments.ts";
import { amendError, isPytree2SafetensorsError, Pytree2SafetensorsError } from "../base/errors.ts";
import { messageOf } from "../base/quote.ts";
import type { Awaitable } from "../base/types.ts";
import type { LazyTensor } from "../checkpoint/lazy.ts";
import { loadIntoPytree } from "../checkpoint/load-into-pytree.ts";
import { loadPytree, type PyTree } from "../checkpoint/load-pytree.ts";
import { warn } from "../checkpoint/options.ts";
import { type PreparedSave, prepareTree } from "../checkpoint/prepare.ts";
import { writeKey } from "../checkpoint/save-file.ts";
import { writeShards } from "../checkpoint/save-shards.ts";
import { parseSize } from "../format/shards.ts";
import { openStore, type StoreInput } from "../io/open-store.ts";
import type { Store } from "../io/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { clearLitter } from "./litter.ts";
import type { LockPurpose, StoreLock } from "./lock.ts";
import { lockOf } from "./locks.ts";
import type { CheckpointManagerOptions, Restored, RestoreOptions, SaveStepOptions } from "./options.ts";
import { type BestRule, checkRules, isDue, rank, stepsToKeep } from "./policy.ts";
import { WriteQueue } from "./queue.ts";
import { inFolder, isSharded, openStep, removeStep, type StepEntry } from "./step-files.ts";
import { type StepInfo, writeStepMetadata } from "./step-info.ts";
import { fileKey, folderKey, requireStep, SHARD_NAME } from "./step-names.ts";
import { type FoundStep, StepReader } from "./step-reader.ts";

/** Where a manager keeps its steps: a folder's path, a browser's folder, or any store. */
export type ManagerPlace = StoreInput;

/**
 * Keeps the checkpoints of a training run in a folder or another store, one safetensors file (or folder of shards) a
 * step: saves while training goes on, removes what no rule wants, restores the latest or the best.
 *
 * @example
 * ```ts
 * const manager = await CheckpointManager.open("runs/7", { saveEvery: 100, keep: { last: 3 } });
 * try {
 *   for (let step = 1; step <= 1000; step++) {
 *     train(state);
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
  readonly #lockStore: (purpose: LockPurpose) => Promise<StoreLock>;
  readonly #options: CheckpointManagerOptions<A>;
  readonly #queue: WriteQueue;
  readonly #reader: StepReader;
  /** What failed behind the program's back and was not thrown yet. */
  #failures: unknown[] = [];
  #lock: Promise<StoreLock> | undefined;
  /** Saves that were called and wait for the lock. */
  readonly #entering = new Set<Promise<unknown>>();
  /** Steps that were taken and are not on the disk yet. */
  readonly #pending = new Map<number, number>();
  /** Steps that are being read, and how often. */
  readonly #pinned = new Map<number, number>();
  #lastTaken = Date.now();
  #closing: Promise<void> | undefined;

  private constructor(store: Store, place: ManagerPlace, options: CheckpointManagerOptions<A>) {
    this.#store = store;
    this.#lockStore = lockOf(store, place);
    this.#options = options;
    this.#queue = new WriteQueue(options.whenBusy ?? "wait");
    this.#reader = new StepReader(store);
  }

  /**
   * Opens a folder, a browser's folder or a store, and clears what saves that died left in it. Files that are not a
   * manager's are left alone.
   *
   * @throws `InvalidArgument` for rules that make no sense; what the store throws.
   */
  static async open<A = Tensor>(
    place: ManagerPlace,
    options: CheckpointManagerOptions<A> = {},
  ): Promise<CheckpointManager<A>> {
    checkRules(options.saveEvery ?? 1, options.keep ?? {});
    requireOptions(options);
    requireChoice("whenBusy", options.whenBusy, ["wait", "replace"]);
    const store = await openStore(place);
    const manager = new CheckpointManager<A>(store, place, options);
    for await (const _ of store.list()) {
      await manager.#clear();
      break; // there is something at all
    }
    await manager.#reader.refresh();
    return manager;
  }

  /**
   * Saves a step, if `saveEvery` or `force` says so. Resolves once the snapshot is taken and, while another step is
   * being written, once it is this one's turn; the writing itself goes on behind.
   *
   * @returns Whether the step was taken.
   * @throws What failed in the background since the last call, and then takes nothing; `StepExists` without `force`;
   *   `StoreLocked` if another manager writes here; what `savePytree` throws before it writes.
   */
  async save(step: number, tree: unknown, options: SaveStepOptions = {}): Promise<boolean> {
    this.#requireOpen("save");
    requireStep(step);
    this.#throwFailures();
    const { metrics = {}, force = false, signal } = options;
    signal?.throwIfAborted();
    if (!force && !this.#isDue(step, metrics)) return false;
    if (!force) this.#refuseExisting(step, this.#pending.has(step));
    // Before the first `await`: from here on the program may do with its arrays what it likes.
    const preparing = this.#prepare(step, tree, options);
    const before = this.#lastTaken;
    this.#lastTaken = Date.now();
    this.#pending.set(step, (this.#pending.get(step) ?? 0) + 1);
    const entering = this.#enter(step, preparing, force);
    this.#entering.add(entering);
    let prepared: PreparedSave;
    try {
      prepared = await entering;
    } catch (error) {
      this.#forget(step);
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
        this.#forget(step);
        this.#options.onReplaced?.(step, by);
      },
    });
    return true;
  }

  /**
   * Waits until every step that was taken is on the disk.
   *
   * @throws What failed in the background; each failure is thrown once.
   */
  async wait(): Promise<void> {
    await this.#idle();
    this.#throwFailures();
  }

  /**
   * Waits as {@link wait} does, and lets go of the store. The manager can't be used after it.
   *
   * @throws As {@link wait}; the store is let go of all the same.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  /** As {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The steps of the store in ascending order, from their headers alone. Those that can't be read have an `error`. */
  async steps(): Promise<readonly StepInfo[]> {
    await this.#reader.refresh();
    return (await this.#reader.all()).map(({ info }) => info);
  }

  /** The newest step; `undefined` if there is none. If it can't be read, it has an `error`. */
  async latest(): Promise<StepInfo | undefined> {
    await this.#reader.refresh();
    for (const step of this.#reader.numbers().reverse()) {
      const found = await this.#reader.read(step);
      if (found !== undefined) return found.info;
    }
    return undefined;
  }

  /**
   * The best step by a metric; `undefined` if no step has it.
   *
   * @param rule By default the manager's `keep.best`.
   */
  async best(rule?: Pick<BestRule, "metric" | "mode">): Promise<StepInfo | undefined> {
    const by = rule ?? this.#options.keep?.best;
    if (by === undefined) {
      throw new Pytree2SafetensorsError(
        "InvalidArgument",
        "nothing says which step is the best: open the manager with keep.best, or call best({ metric, mode })",
      );
    }
    const steps = await this.steps();
    return rank(
      steps.filter(({ error }) => error === undefined),
      by,
    )[0];
  }

  /**
   * Loads a step: the newest, the best or the one that is named. Waits for the steps that are being written.
   *
   * @throws `StepNotFound` if there is none; if the newest can't be read, an error that names it, unless
   *   `{ onBroken: "skip" }`; what `loadIntoPytree` and `loadPytree` throw.
   * @example
   * ```ts
   * const { step, tree } = await manager.restore({ into: init() });
   * ```
   */
  restore<T>(options: RestoreOptions<A> & { readonly into: T }): Promise<Restored<T>>;
  restore<T = PyTree<LazyTensor>>(options: RestoreOptions<A> & { readonly lazy: true }): Promise<Restored<T>>;
  restore<T = PyTree<A>>(options?: RestoreOptions<A>): Promise<Restored<T>>;
  async restore(options: RestoreOptions<A> = {}): Promise<Restored<unknown>> {
    this.#requireOpen("restore");
    requireOptions(options);
    requireChoice("onBroken", options.onBroken, ["throw", "skip"]);
    await this.#idle();
    const { info, entry } = await this.#choose(options);
    const { step, metrics, metadata, time } = info;
    this.#pinned.set(step, (this.#pinned.get(step) ?? 0) + 1);
    try {
      return { step, metrics, metadata, time, tree: await this.#load(entry, options) };
    } finally {
      const left = this.#pinned.get(step)! - 1;
      if (left === 0) this.#pinned.delete(step);
      else this.#pinned.set(step, left);
    }
  }

  async #load(entry: StepEntry, options: RestoreOptions<A>): Promise<unknown> {
    const { arrays, attributes, match, keys, isLeaf, objects, maxDepth, onWarning } = this.#options;
    const { step: _step, into, strict = true, lazy = false, onBroken: _onBroken, ...rest } = options;
    const shared = defined({ arrays, attributes, match, keys, isLeaf, objects, maxDepth, onWarning });
    const file = await openStep(this.#store, entry, options);
    let staysOpen = false;
    try {
      if (into !== undefined) return await loadIntoPytree(into, file, { ...shared, ...rest, strict });
      const tree = await loadPytree(file, { ...shared, ...rest, lazy });
      staysOpen = lazy;
      return tree;
    } catch (error) {
      throw isPytree2SafetensorsError(error) ? named(error, entry.step) : error;
    } finally {
      if (!staysOpen) await file.close();
    }
  }

  /** The step that `restore` is to load. */
  async #choose({ step = "latest", onBroken }: RestoreOptions<A>): Promise<FoundStep> {
    if (typeof step === "number") requireStep(step);
    else requireChoice("step", step, ["latest", "best"]);
    const wanted = step === "best" ? (await this.best())?.step : step;
    await this.#reader.refresh();
    const numbers = this.#reader.numbers();
    const candidates = wanted === "latest" ? [...numbers].reverse() : numbers.filter((one) => one === wanted);
    for (const candidate of candidates) {
      const found = await this.#reader.read(candidate);
      if (found === undefined) continue; // not a manager's, or removed by the one that writes here
      const { error } = found.info;
      if (error === undefined) return found;
      if (wanted !== "latest") throw error;
      if (onBroken !== "skip")
        throw withWayOut(error, 'restore({ onBroken: "skip" }) takes the one before it');
      warn(this.#options, error);
    }
    const where = this.#store.name ?? "the store";
    const there = numbers.length === 0 ? "no step" : `only ${listed(numbers)}`;
    throw new Pytree2SafetensorsError(
      "StepNotFound",
      `${where} has ${there}, so ${typeof step === "number" ? `step ${step}` : `the ${step} step`} can't be restored`,
      { source: where, expected: `step ${step}`, found: there },
    );
  }

  #isDue(step: number, metrics: Readonly<Record<string, number>>): boolean {
    const latest = Math.max(...this.#reader.numbers().slice(-1), ...this.#pending.keys());
    return isDue(this.#options.saveEvery ?? 1, step, {
      metrics,
      latest: latest === Number.NEGATIVE_INFINITY ? undefined : latest,
      seconds: (Date.now() - this.#lastTaken) / 1000,
    });
  }

  #refuseExisting(step: number, isPending: boolean): void {
    if (!isPending && this.#reader.entriesOf(step).length === 0) return;
    throw new Pytree2SafetensorsError(
      "StepExists",
      `step ${step} exists in ${this.#store.name ?? "the store"}; pass { force: true } to replace it`,
      { found: `step ${step}` },
    );
  }

  #prepare(
    step: number,
    tree: unknown,
    { metrics = {}, metadata }: SaveStepOptions,
  ): Awaitable<PreparedSave> {
    const { structure, objects, ordered, like, isLeaf, keys, maxDepth, arrays } = this.#options;
    const { snapshot = true, cast, lossy, overflow, onWarning } = this.#options;
    // Of two forms of a step, a file and a folder, the later one counts.
    const replaced = this.#reader.entriesOf(step).map(({ main }) => Math.ceil(main.modified ?? 0) + 1);
    const time = new Date(Math.max(Date.now(), ...replaced));
    return prepareTree(tree, {
      ...defined({ structure, objects, ordered, like, isLeaf, keys, maxDepth, arrays }),
      ...defined({ cast, lossy, overflow, onWarning }),
      snapshot,
      metadata: writeStepMetadata(step, metrics, time, metadata),
    });
  }

  /** Takes the lock, if this is the first save. */
  async #enter(
    step: number,
    preparing: PreparedSave | PromiseLike<PreparedSave>,
    force: boolean,
  ): Promise<PreparedSave> {
    const prepared = await preparing;
    try {
      this.#lock ??= this.#takeLock();
      await this.#lock;
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

  async #takeLock(): Promise<StoreLock> {
    try {
      const lock = await this.#lockStore("write");
      await clearLitter(this.#store);
      await this.#reader.refresh();
      return lock;
    } catch (error) {
      this.#lock = undefined; // the next save tries again
      throw error;
    }
  }

  /** Clears what dead saves left, unless somebody writes here or nobody can. */
  async #clear(): Promise<void> {
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

  /** Writes one step, then removes what no rule wants any more. */
  async #run(step: number, prepared: PreparedSave, options: SaveStepOptions): Promise<void> {
    try {
      const lock = await this.#lock!;
      await lock.verify();
      await this.#write(step, prepared, options);
    } catch (error) {
      this.#fail(step, options.signal?.aborted ? error : named(error, step));
      return;
    } finally {
      prepared.release();
      this.#forget(step);
    }
    try {
      await this.#removeUnwanted(step);
    } catch (error) {
      const message = `step ${step} is saved, but an old step could not be removed: ${messageOf(error)}`;
      warn(this.#options, new Pytree2SafetensorsError("WriteError", message, { cause: error }));
    }
  }

  async #write(step: number, prepared: PreparedSave, { signal, onProgress }: SaveStepOptions): Promise<void> {
    const { maxShardSize } = this.#options;
    signal?.throwIfAborted();
    const longCall = {
      signal,
      onProgress: (progress: Parameters<NonNullable<SaveStepOptions["onProgress"]>>[0]) => {
        onProgress?.(progress);
        this.#options.onProgress?.({ ...progress, step });
      },
    };
    if (maxShardSize === undefined) {
      await writeKey(prepared, this.#store, fileKey(step), longCall);
    } else {
      const folder = inFolder(this.#store, folderKey(step));
      const maxBytes = parseSize(maxShardSize);
      await writeShards(prepared, folder, { ...longCall, maxBytes, shardName: SHARD_NAME });
    }
    await this.#reader.refresh();
    for (const entry of this.#reader.entriesOf(step)) {
      if (isSharded(entry) !== (maxShardSize !== undefined)) await removeStep(this.#store, entry);
    }
  }

  async #removeUnwanted(saved: number): Promise<void> {
    const { keep = {} } = this.#options;
    await this.#reader.refresh();
    if (Object.values(keep).every((rule) => rule === undefined)) return;
    const steps = (await this.#reader.all()).flatMap(({ info }) => (info.error ? [] : [info]));
    const kept = stepsToKeep(steps, keep, Date.now());
    for (const { step } of steps) {
      // The step just saved stays, whatever its number: it may be of a run that went back.
      if (kept.has(step) || step === saved || this.#pinned.has(step) || this.#pending.has(step)) continue;
      for (const entry of this.#reader.entriesOf(step)) await removeStep(this.#store, entry);
    }
    await this.#reader.refresh();
  }

  #forget(step: number): void {
    const left = this.#pending.get(step)! - 1;
    if (left === 0) this.#pending.delete(step);
    else this.#pending.set(step, left);
  }

  #fail(step: number, error: unknown): void {
    const { onError } = this.#options;
    if (onError === undefined) {
      this.#failures.push(error);
      return;
    }
    try {
      onError(error as Error, step);
    } catch (thrown) {
      this.#failures.push(thrown);
    }
  }

  /** Throws what failed and was not thrown yet; one error that names all if it is more than one. */
  #throwFailures(): void {
    const failures = this.#failures;
    if (failures.length === 0) return;
    this.#failures = [];
    if (failures.length === 1) throw failures[0];
    const message = `${failures.length} saves failed: ${failures.map(messageOf).join("; ")}`;
    const faults = failures.flatMap((error) => (isPytree2SafetensorsError(error) ? error.faults : []));
    throw new Pytree2SafetensorsError("WriteError", message, { faults, cause: failures[0] });
  }

  async #close(): Promise<void> {
    await this.#idle();
    const lock = await this.#lock;
    await lock?.release();
    this.#throwFailures();
  }

  #requireOpen(call: string): void {
    if (this.#closing === undefined) return;
    throw new Pytree2SafetensorsError(
      "ManagerClosed",
      `${call}() was called after close(); open the folder again`,
    );
  }
}

/** The same error with the step in front. */
function named(error: unknown, step: number): Pytree2SafetensorsError {
  if (isPytree2SafetensorsError(error)) return amendError(error, `step ${step}`, {});
  return new Pytree2SafetensorsError("WriteError", `step ${step}: ${messageOf(error)}`, { cause: error });
}

function withWayOut(error: Pytree2SafetensorsError, wayOut: string): Pytree2SafetensorsError {
  const { code, message, source, cause } = error;
  return new Pytree2SafetensorsError(code, `${message}; ${wayOut}`, {
    ...(source !== undefined && { source }),
    cause,
  });
}

/** The first and the last of many. */
function listed(steps: readonly number[]): string {
  return steps.length <= 4
    ? steps.join(", ")
    : `${steps[0]}, ${steps[1]} … ${steps.at(-1)} (${steps.length} steps)`;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The options that are set. */
function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}
