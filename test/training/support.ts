// What the tests of the training room share: folders, trees, and a way to hold a write up.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ByteSource,
  isPytree2SafetensorsError,
  loadPytree,
  type Pytree2SafetensorsError,
  serialize,
} from "pytree2safetensors";
import type { CheckpointManagerOptions } from "pytree2safetensors/training";
import { onTestFinished } from "vitest";
import { SHARD_BYTES } from "../reliability/death/generation.ts";

/** Both forms of a step: one file, and a folder of shards. */
export const FORMS: readonly { readonly form: string; readonly options: CheckpointManagerOptions }[] = [
  { form: "single files", options: {} },
  { form: "sharded steps", options: { maxShardSize: SHARD_BYTES } },
];

/** A folder that is gone when the test is over. */
export async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pytree2safetensors-training-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The error of this package that `action` rejects with. */
export async function failure(action: () => Promise<unknown>): Promise<Pytree2SafetensorsError> {
  try {
    await action();
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

/** The entries of a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

/** A tree like `tree` of lazy leaves whose source does something when it comes to the third leaf. */
export async function interrupted(tree: unknown, then: () => unknown): Promise<unknown> {
  const bytes = new Uint8Array(await (await (await serialize(tree)).blob()).arrayBuffer());
  let reads = -1;
  const source: ByteSource = {
    size: bytes.length,
    async read(start, end) {
      // The first read is of the header, the second of the scalars.
      if (++reads === 4) await then();
      return bytes.slice(start, end);
    },
  };
  return loadPytree(source, { lazy: true });
}

/** A tree whose write stops in the middle until it is let go. */
export async function heldUp(tree: unknown): Promise<{ tree: unknown; letGo: () => void }> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { tree: await interrupted(tree, () => held), letGo };
}
