import { rm } from "node:fs/promises";
import { join } from "node:path";
import { memoryUsage } from "node:process";
import { setTimeout } from "node:timers/promises";
import { defaultDevice, init, jit, numpy as np } from "@jax-js/jax";
import { savePytree, type Tensor, treeLeaves } from "pytree2safetensors";
import { jaxArrays } from "pytree2safetensors/jax-js";
import { CheckpointManager } from "pytree2safetensors/training";
import { touchMemory } from "../child.ts";
import { type Contestant, contest } from "../contest.ts";
import { bareWritev } from "../contestants/raw.ts";
import { warm } from "../files.ts";
import { filledMemory, leavesIn, transformer, widthFor } from "../models.ts";
import type { Comparison, Fact } from "../report-types.ts";
import { mebibytes } from "../units.ts";
import type { Workload } from "../workload.ts";

const OURS = "`CheckpointManager.save`";
const COPY = "one copy of every leaf";
const ORBAX = "Orbax's asynchronous `save`";
const WHOLE = "`save` and `wait`";
const ORBAX_WHOLE = "Orbax's `save` and `wait_until_finished`";
const BUSY = "training while a checkpoint is written";
const BARE = "training while bare `writev` and `fsync` write the same bytes, and the old file is removed";
const IDLE = "training alone";

const WHY_SAVE =
  "A save also walks the tree, spells names and lays out the header; its memory is that of the save before it, and the copy's is fresh.";
const WHY_STEPS =
  "Training and the kernel's part of the writing share the cores and the memory's bandwidth of this machine, as the row of bare writes shows.";

export const training: Workload = {
  name: "training",
  async run(context) {
    const bytes = context.quick ? 2 ** 26 : 2 ** 30;
    const size = context.quick ? "64 MiB" : "1 GiB";
    context.log(`training: ${size}, how long a save blocks`);
    const memory = filledMemory(Math.ceil(bytes * 1.1));
    const tree = transformer(300, widthFor(bytes, 4), leavesIn(memory, "F32"));
    const leaves = treeLeaves(tree) as Tensor[];
    const manager = await CheckpointManager.open(join(context.folder, "training"), {
      keep: { last: 1 },
    });
    let step = 0;
    const save = () => manager.save(step++, tree);
    const wait = () => manager.wait();
    await save();
    await wait();

    const side = await context.python();
    const path = join(context.folder, "training.safetensors");
    const orbax = (name: string, job: string): Contestant[] =>
      side === undefined
        ? []
        : [{ name, run: () => {}, seconds: () => side.seconds(job, path, join(context.folder, job)) }];
    if (side !== undefined) {
      await savePytree(tree, path, { flush: false });
      await warm(path);
    }
    await touchMemory(4 * bytes);
    const blocking = await contest(
      [
        { name: OURS, run: save, after: wait },
        { name: COPY, run: () => leaves.map((leaf) => leaf.copy()) },
        ...orbax(ORBAX, "orbax_save"),
      ],
      context.rounds(4),
    );
    const whole = await contest(
      [{ name: WHOLE, run: () => save().then(wait) }, ...orbax(ORBAX_WHOLE, "orbax_save_whole")],
      context.rounds(4),
    );
    const comparisons: Comparison[] = [
      {
        what: `${size}, 300 layers F32: ${OURS} until the program may go on`,
        against: COPY,
        ours: blocking.time(OURS),
        speed: blocking.speed(OURS, COPY),
        why: WHY_SAVE,
      },
    ];
    if (side !== undefined) {
      comparisons.push(
        {
          what: `${size}, 300 layers F32: ${OURS} until the program may go on`,
          against: ORBAX,
          ours: blocking.time(OURS),
          speed: blocking.speed(OURS, ORBAX),
        },
        {
          what: `${size}, 300 layers F32: ${WHOLE}, flushed`,
          against: ORBAX_WHOLE,
          ours: whole.time(WHOLE),
          speed: whole.speed(WHOLE, ORBAX_WHOLE),
        },
      );
    }

    context.log(`training: steps a second while ${size} are written`);
    await init("cpu", "wasm");
    defaultDevice("wasm");
    const chunks = leaves.map(({ bytes }) => bytes);
    const bare = async (count: number) => {
      const path = (of: number) => join(context.folder, `training-bare-${of}`);
      await bareWritev(path(count), chunks, true);
      await rm(path(count - 1), { force: true });
    };
    let written = 0;
    const trained = (name: string, write?: () => Promise<Writing>): Contestant => ({
      name,
      run: () => {},
      seconds: () => secondsPerStep(write),
    });
    const steps = await contest(
      [
        trained(BUSY, async () => {
          await save();
          return { done: wait() };
        }),
        trained(BARE, async () => ({ done: bare(written++) })),
        trained(IDLE),
      ],
      context.rounds(4),
    );
    const what = `steps of a jax-js program a second, while ${size} are written`;
    comparisons.push(
      { what, against: IDLE, speed: steps.speed(BUSY, IDLE), why: WHY_STEPS },
      { what, against: BARE, speed: steps.speed(BUSY, BARE) },
    );
    await manager.close();
    return {
      title: "Training",
      intro: `A tree of ${size}, 300 transformer layers (4,800 tensors), saved through \`CheckpointManager\` with the snapshot that is its default, to a folder, flushed. Orbax saves the same tree as JAX arrays on CPU; it doesn't flush.`,
      comparisons,
      facts: [await jaxFact(join(context.folder, "training-jax"))],
    };
  },
};

/** A write under way, which has been begun and copies nothing any more. */
interface Writing {
  readonly done: Promise<unknown>;
}

/** The seconds that a step takes: while a write goes on, or for a second without one. */
async function secondsPerStep(write?: () => Promise<Writing>): Promise<number> {
  const multiply = jit((x: np.Array, w: np.Array) => np.tanh(np.dot(x, w)));
  const w = np.ones([256, 256]).mul(1 / 256);
  let x = np.ones([64, 256]);
  const { done } = write ? await write() : { done: setTimeout(1000) };
  let isUnderWay = true;
  const ended = done.finally(() => {
    isUnderWay = false;
  });
  const start = performance.now();
  let count = 0;
  while (isUnderWay) {
    x = multiply(x, w.ref);
    x.ref.sum().item();
    count++;
    // What `save` does in a step that is not due.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - start) / 1000;
  await ended;
  x.dispose();
  w.dispose();
  return seconds / count;
}

/** What a save of jax-js arrays holds beyond them. */
async function jaxFact(folder: string): Promise<Fact> {
  const manager = await CheckpointManager.open(folder, { arrays: jaxArrays });
  const state = Array.from({ length: 16 }, (_, i) => np.ones([1024, 1024]).mul(i));
  for (const array of state) await array.ref.data();
  const held = () => memoryUsage().arrayBuffers + memoryUsage().external;
  const before = held();
  const saving = manager.save(1, state);
  const bytes = held() - before;
  await saving;
  await manager.close();
  return {
    what: "memory that a save of 64 MiB of jax-js arrays takes for its snapshot",
    got: mebibytes(Math.max(0, bytes)),
    reach: "no copy",
    ok: bytes < 2 ** 20,
  };
}
