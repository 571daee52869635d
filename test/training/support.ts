// What the tests of the training room share: folders, trees, and a way to hold a write up.
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckpointManagerOptions } from "pytree2safetensors/training";
import { onTestFinished } from "vitest";
import { interrupted } from "../checkpoint/support.ts";
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

/** The entries of a folder, sorted. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}

/** A tree whose write stops in the middle until it is let go. */
export async function heldUp(tree: unknown): Promise<{ tree: unknown; letGo: () => void }> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { tree: await interrupted(tree, () => held), letGo };
}
