// Takes a tree, writes it as a step, and removes the steps that no rule wants any more.
import { type PreparedSave, prepareTree } from "../checkpoint/prepare.ts";
import type { Progress } from "../checkpoint/progress.ts";
import { writeWhole } from "../checkpoint/save-file.ts";
import { writeShards } from "../checkpoint/save-shards.ts";
import { SnapshotPool } from "../checkpoint/snapshot-memory.ts";
import { parseSize } from "../format/byte-size.ts";
import { openSinkIn } from "../io/open-sink.ts";
import type { Store } from "../io/types.ts";
import type { CheckpointManagerOptions, SaveStepOptions } from "./options.ts";
import { stepsToKeep } from "./policy.ts";
import { inFolder, isSharded, removeStep } from "./step-files.ts";
import { writeStepMetadata } from "./step-info.ts";
import { fileKey, folderKey, isOwnKey, SHARD_NAME } from "./step-names.ts";
import type { StepReader } from "./step-reader.ts";

/** Writes the steps of one manager. */
export class StepWriter<A> {
  readonly #store: Store;
  readonly #reader: StepReader;
  readonly #options: CheckpointManagerOptions<A>;
  readonly #maxBytes: number | undefined;
  readonly #snapshots = new SnapshotPool();

  constructor(store: Store, reader: StepReader, options: CheckpointManagerOptions<A>) {
    this.#store = store;
    this.#reader = reader;
    this.#options = options;
    this.#maxBytes = options.maxShardSize === undefined ? undefined : parseSize(options.maxShardSize);
  }

  /** Takes a tree, without waiting. */
  prepare(step: number, tree: unknown, { metrics = {}, metadata }: SaveStepOptions): PreparedSave {
    const { snapshot = true, onProgress: _onProgress, ...saving } = this.#options;
    // Of two forms of a step, a file and a folder, the later one counts.
    const replaced = this.#reader.entriesOf(step).map(({ main }) => Math.ceil(main.modified ?? 0) + 1);
    const time = new Date(Math.max(Date.now(), ...replaced));
    const strings = writeStepMetadata(step, metrics, time, metadata);
    const memory = snapshot ? this.#snapshots.take() : undefined;
    return prepareTree(tree, { ...saving, metadata: strings }, memory);
  }

  /** Writes a step; the form that it had before, if it had another, goes once the new one stands. */
  async write(step: number, prepared: PreparedSave, { signal, onProgress }: SaveStepOptions): Promise<void> {
    const options = {
      signal,
      onProgress: (progress: Progress) => {
        onProgress?.(progress);
        this.#options.onProgress?.({ ...progress, step });
      },
    };
    signal?.throwIfAborted();
    const open = async () => ({ sink: await openSinkIn(this.#store, fileKey(step), options) });
    if (this.#maxBytes === undefined) await writeWhole(prepared, open, options);
    else await this.#writeFolder(step, prepared, { ...options, maxBytes: this.#maxBytes });
    await this.#reader.refresh();
    for (const entry of this.#reader.entriesOf(step)) {
      if (isSharded(entry) !== (this.#maxBytes !== undefined)) await removeStep(this.#store, entry);
    }
  }

  /** Removes the steps that no rule wants, but those that are needed. */
  async removeUnwanted(isNeeded: (step: number) => boolean): Promise<void> {
    const { keep = {} } = this.#options;
    await this.#reader.refresh();
    if (Object.values(keep).every((rule) => rule === undefined)) return;
    const steps = (await this.#reader.all()).flatMap(({ info }) => (info.error ? [] : [info]));
    const kept = stepsToKeep(steps, keep, Date.now());
    for (const { step } of steps) {
      if (kept.has(step) || isNeeded(step)) continue;
      for (const entry of this.#reader.entriesOf(step)) await removeStep(this.#store, entry);
    }
    await this.#reader.refresh();
  }

  async #writeFolder(
    step: number,
    prepared: PreparedSave,
    options: Pick<SaveStepOptions, "signal" | "onProgress"> & { readonly maxBytes: number },
  ): Promise<void> {
    const folder = folderKey(step);
    try {
      await writeShards(prepared, inFolder(this.#store, folder), { ...options, shardName: SHARD_NAME });
    } catch (error) {
      try {
        await this.#store.sweep?.(folder, isOwnKey);
      } catch {
        // What led here is the error to see; the next open clears what is left.
      }
      throw error;
    }
  }
}
