import { describe, expect, it } from "vitest";
import { WriteQueue } from "../../src/training/queue.ts";

/** Jobs that end when they are told to, and what happened to them. */
function jobsFor(queue: WriteQueue) {
  const log: string[] = [];
  const enders = new Map<number, () => void>();
  const add = (step: number) =>
    queue.add({
      step,
      async run() {
        log.push(`run ${step}`);
        await new Promise<void>((resolve) => enders.set(step, resolve));
        log.push(`end ${step}`);
      },
      replaced: (by) => log.push(`${step} replaced by ${by}`),
    });
  const end = async (step: number) => {
    enders.get(step)!();
    await tick();
  };
  return { log, add, end };
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

describe("WriteQueue", () => {
  it("runs one job at a time, in order, and lets whoever adds one wait for its turn", async () => {
    const queue = new WriteQueue("wait");
    const { log, add, end } = jobsFor(queue);
    await add(1);
    let hasTurn = false;
    add(2).then(() => {
      hasTurn = true;
    });
    add(3);
    await tick();
    expect(hasTurn).toBe(false);
    expect(log).toEqual(["run 1"]);
    await end(1);
    expect(hasTurn).toBe(true);
    await end(2);
    await end(3);
    expect(log).toEqual(["run 1", "end 1", "run 2", "end 2", "run 3", "end 3"]);
  });

  it("replaces the job that waits, never the one that runs", async () => {
    const queue = new WriteQueue("replace");
    const { log, add, end } = jobsFor(queue);
    for (const step of [1, 2, 3, 4]) await add(step);
    await end(1);
    await end(4);
    expect(log).toEqual(["run 1", "2 replaced by 3", "3 replaced by 4", "end 1", "run 4", "end 4"]);
  });

  it("is idle when nothing runs and nothing waits", async () => {
    const queue = new WriteQueue("wait");
    await queue.idle();
    const { log, add, end } = jobsFor(queue);
    add(1);
    add(2);
    const idle = queue.idle().then(() => log.push("idle"));
    await end(1);
    await end(2);
    await idle;
    expect(log.at(-1)).toBe("idle");
    add(3);
    await end(3);
    expect(log.at(-1)).toBe("end 3");
  });
});
