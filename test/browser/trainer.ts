// Saves one step after the other into a folder of the private file system and says which are safe, until it is ended:
// as a worker, that is terminated, or as a page in a frame, that is loaded again.
import { CheckpointManager } from "pytree2safetensors/training";
import { KEEP, stateOf } from "./training-state.ts";

/** What the trainer is told. */
export interface TrainerOrder {
  /** The folder in the root of the private file system. */
  readonly folder: string;
  readonly first: number;
  readonly maxShardSize: string | null;
}

const say = (message: unknown) =>
  "document" in globalThis ? parent.postMessage(message, "*") : postMessage(message);

addEventListener("message", async ({ data }: MessageEvent<TrainerOrder>) => {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(data.folder, { create: true });
    const { maxShardSize } = data;
    const manager = await CheckpointManager.open(folder, {
      keep: KEEP,
      ...(maxShardSize && { maxShardSize }),
    });
    for (let step = data.first; ; step++) {
      await manager.save(step, stateOf(step), { metrics: { step } });
      await manager.wait();
      say(step);
    }
  } catch (error) {
    say(`${error}`);
  }
});
say("up");
