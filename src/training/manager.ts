// Keeps the checkpoints of a run in a store: saves steps, lists them, restores them.
import { requireChoice, requireOptions } from "../base/arguments.ts";
import { Pytree2SafetensorsError } from "../base/errors.ts";
import type { LazyTensor } from "../checkpoint/lazy.ts";
import type { PyTree } from "../checkpoint/load-pytree.ts";
import { openStore, type StoreInput } from "../io/open-store.ts";
import type { Store } from "../io/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type CheckpointManagerOptions,
  defined,
  type Restored,
  type RestoreOptions,
  type SaveStepOptions,
} from "./options.ts";
import { type BestRule, checkBest, checkRules, rank } from "./policy.ts";
import { chooseStep, loadStep } from "./restore.ts";
import { BackgroundSaves } from "./saves.ts";
import type { StepInfo } from "./step-info.ts";
import { requireStep } from "./step-names.ts";
import { StepReader } from "./step-reader.ts";

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
  readonly #reader: StepReader;
  readonly #saves: BackgroundSaves<A>;
  #closing: Promise<void> | undefined;

  private constructor(store: Store, place: ManagerPlace, options: CheckpointManagerOptions<A>) {
    this.#store = store;
    this.#options = options;
    this.#reader = new StepReader(store);
    this.#saves = new BackgroundSaves(store, place, this.#reader, options);
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
      await manager.#saves.clear();
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
    return this.#saves.save(step, tree, options);
  }

  /**
   * Waits until every saved step is on the disk.
   *
   * @throws Failures in the background, each of them once.
   */
  async wait(): Promise<void> {
    await this.#saves.wait();
  }

  /**
   * Waits as {@link wait} does, and then releases the store. The manager can't be used afterwards.
   *
   * @throws What {@link wait} throws. The store is released anyway.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#saves.close();
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
    await this.#saves.idle();
    const best = async () => (await this.best())?.step;
    const onWarning = options.onWarning ?? this.#options.onWarning;
    const choice = { ...options, ...defined({ onWarning }) };
    const chosen = await chooseStep(this.#reader, best, choice);
    const { step, metrics, metadata, time } = chosen.info;
    this.#reader.pinned.add(chosen);
    try {
      const tree = await loadStep(this.#store, chosen.entry, options, this.#options);
      return { step, metrics, metadata, time, tree };
    } finally {
      this.#reader.pinned.delete(chosen);
    }
  }

  #requireOpen(call: string): void {
    if (this.#closing === undefined) return;
    throw new Pytree2SafetensorsError(
      "ManagerClosed",
      `${call}() was called after close(); open the folder again`,
    );
  }
}
