import { savePytree } from "pytree2safetensors";
import { CheckpointManager, type CheckpointManagerOptions } from "pytree2safetensors/training";
import { describe, equal, it, ok, rejects } from "../runtimes/harness.ts";
import type { Control } from "./control.ts";
import { inFolder, namesIn } from "./folders.ts";
import type { TrainerOrder } from "./trainer.ts";
import { KEEP, stateOf } from "./training-state.ts";

const FORMS: readonly [string, string | null][] = [
  ["single files", null],
  ["shards", "100kB"],
];

/** Leaves less than 100 kB of storage, until what it gives is called. */
export type LimitStorage = (folder: FileSystemDirectoryHandle) => Promise<() => Promise<void>>;

/**
 * Takes the quota by a file without content, which takes no room on the disk. How large it can be has to be tried.
 * Chromium would throw away all of the origin's files for it; there the runner sets the quota.
 */
export const fillStorage: LimitStorage = async (folder) => {
  const name = "filler";
  const fits = async (size: number) => {
    await folder.removeEntry(name).catch(() => {});
    try {
      const file = await folder.getFileHandle(name, { create: true });
      const writable = await file.createWritable();
      await writable.truncate(size);
      await writable.close();
      return true;
    } catch {
      return false;
    }
  };
  let [low, high] = [0, 2 ** 30];
  while (await fits(high)) [low, high] = [high, high * 2];
  while (high - low > 50_000) {
    const middle = Math.floor((low + high) / 2);
    if (await fits(middle)) low = middle;
    else high = middle;
  }
  ok(await fits(low), "the storage can be filled");
  return () => folder.removeEntry(name);
};

/** Has the runner set the quota. */
export function limitStorage(control: Control): LimitStorage {
  return async () => {
    const { usage = 0 } = await navigator.storage.estimate();
    await control.limitQuota(usage + 100_000);
    return () => control.limitQuota(null);
  };
}

const optionsOf = (maxShardSize: string | null): CheckpointManagerOptions => ({
  keep: KEEP,
  ...(maxShardSize && { maxShardSize }),
});

/** Opens the folder and checks that each of its steps is whole; gives their numbers. */
async function wholeSteps(folder: FileSystemDirectoryHandle): Promise<number[]> {
  const manager = await CheckpointManager.open(folder);
  const steps = await manager.steps();
  for (const { step, metrics, error } of steps) {
    if (error) throw error;
    equal((await manager.restore({ step })).tree, stateOf(step), `step ${step}`);
    equal(metrics, { step }, "metrics");
  }
  await manager.close();
  return steps.map(({ step }) => step);
}

/**
 * The steps of a folder whose trainer was ended, once nothing else is there: a browser may carry out what was asked for a
 * moment after the end.
 */
async function settledSteps(folder: FileSystemDirectoryHandle): Promise<number[]> {
  let names: string[] = [];
  for (let tries = 0; tries < 20; tries++) {
    const steps = await wholeSteps(folder);
    const before = names;
    names = await namesIn(folder);
    if (names.length === steps.length && String(names) === String(before)) return steps;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`found ${names}, not only steps`);
}

/** `CheckpointManager` over the private file system: pages and workers. */
export function trainingTests(limit: LimitStorage): void {
  describe("CheckpointManager in OPFS", () => {
    for (const [form, maxShardSize] of FORMS) {
      it(`saves, keeps and restores ${form}`, () =>
        inFolder(async (folder) => {
          const manager = await CheckpointManager.open(folder, optionsOf(maxShardSize));
          for (const step of [1, 2, 3]) await manager.save(step, stateOf(step), { metrics: { step } });
          await manager.wait();
          await rejects(() => manager.save(3, stateOf(3)), "StepExists");
          const second = await CheckpointManager.open(folder);
          const error = await rejects(() => second.save(4, stateOf(4)), "StoreLocked");
          ok(/is being written by another page or worker of this site/.test(error.message), error.message);
          await manager.close();
          ok(await second.save(4, stateOf(4), { metrics: { step: 4 } }), "the lock is free");
          await second.close();
          equal(await wholeSteps(folder), [2, 3, 4], "steps");
          equal((await namesIn(folder)).length, 3, "nothing else is there");
        }));
    }

    it("leaves foreign files alone, and clears a file that was begun", () =>
      inFolder(async (folder) => {
        await savePytree(stateOf(1), await folder.getFileHandle("model.safetensors", { create: true }));
        await folder.getFileHandle("step-00000007.safetensors", { create: true });
        await folder.getFileHandle("notes.txt", { create: true });
        equal(await wholeSteps(folder), [], "no step");
        equal(await namesIn(folder), ["model.safetensors", "notes.txt"], "files");
      }));

    it("says that the storage is full, and keeps the old steps", () =>
      inFolder(async (folder) => {
        const manager = await CheckpointManager.open(folder, { keep: KEEP });
        await manager.save(1, stateOf(1), { metrics: { step: 1 } });
        await manager.wait();
        const unlimited = await limit(folder);
        await manager.save(2, stateOf(2), { metrics: { step: 2 } });
        const error = await rejects(() => manager.wait(), "WriteError");
        ok(/^step 2: can't write .*free some space/.test(error.message), error.message);
        await unlimited();
        await manager.save(3, stateOf(3), { metrics: { step: 3 } });
        await manager.close();
        equal(await wholeSteps(folder), [1, 3], "steps");
      }));
  });
}

/** What only a page can do: end workers and load frames again in the middle of a save. */
export function endedTrainerTests(): void {
  describe("CheckpointManager in OPFS, ended in the middle", () => {
    for (const [form, maxShardSize] of FORMS) {
      for (const [kind, start] of [
        ["a worker that is terminated", startWorker],
        ["a page that is loaded again", startFrame],
      ] as const) {
        it(`keeps whole ${form} of ${kind}`, () =>
          inFolder(async (folder) => {
            let last = 0;
            for (let round = 0; round < 4; round++) {
              const order = { folder: folder.name, first: last + 1, maxShardSize };
              const said = await trainAndEnd(start, order, 2 + round);
              const steps = await settledSteps(folder);
              const newest = steps.at(-1)!;
              // What a page says after it was told to load again isn't heard.
              ok(newest >= said, `said ${said}, found ${steps}`);
              // The last two, and one more where the removal of what it replaced was cut off.
              ok(steps.length >= 2 && steps.length <= 3 && steps.at(-2) === newest - 1, `found ${steps}`);
              last = newest;
            }
          }));
      }
    }
  });
}

/** A trainer that runs: what it says, how it is told, how it is ended. */
interface Trainer {
  onSay: (message: unknown) => void;
  tell(order: TrainerOrder): void;
  end(): Promise<void>;
}

/** Has a trainer save steps, and ends it a moment after so many are safe; gives the last that it said to be. */
function trainAndEnd(start: () => Trainer, order: TrainerOrder, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const trainer = start();
    let last = 0;
    trainer.onSay = (message) => {
      if (message === "up") trainer.tell(order);
      else if (typeof message !== "number") reject(new Error(String(message)));
      else {
        last = message;
        // Within a save, sooner or later.
        if (message === order.first + count)
          setTimeout(() => trainer.end().then(() => resolve(last), reject), Math.random() * 30);
      }
    };
  });
}

function startWorker(): Trainer {
  const worker = new Worker("./trainer.js", { type: "module" });
  const trainer: Trainer = {
    onSay: () => {},
    tell: (order) => worker.postMessage(order),
    end: async () => worker.terminate(),
  };
  worker.addEventListener("message", ({ data }) => trainer.onSay(data));
  worker.addEventListener("error", ({ message }) => trainer.onSay(message));
  return trainer;
}

function startFrame(): Trainer {
  const frame = document.createElement("iframe");
  frame.srcdoc = '<!doctype html><script type="module" src="./trainer.js"></script>';
  document.body.append(frame);
  const listen = ({ data, source }: MessageEvent) => {
    if (source === frame.contentWindow) trainer.onSay(data);
  };
  const trainer: Trainer = {
    onSay: () => {},
    tell: (order) => frame.contentWindow!.postMessage(order, "*"),
    end: async () => {
      removeEventListener("message", listen);
      const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
      frame.contentWindow!.location.reload();
      await loaded;
      frame.remove();
    },
  };
  addEventListener("message", listen);
  return trainer;
}
