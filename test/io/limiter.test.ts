import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onAbort } from "../../src/io/abort.ts";
import { Limiter } from "../../src/io/limiter.ts";

describe("Limiter", () => {
  it("keeps to its bounds and its order, runs everything, whatever is aborted or fails", async () => {
    const task = fc.record({
      bytes: fc.nat(150),
      ticks: fc.nat(5),
      abortAt: fc.option(fc.nat(20)),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(task, { maxLength: 30 }), async (tasks) => {
        const limiter = new Limiter(3, 100);
        let running = 0;
        let bytes = 0;
        const started: number[] = [];
        const results = tasks.map(async ({ bytes: own, ticks, abortAt, fails }, i) => {
          const controller = new AbortController();
          if (abortAt !== null) void tick(abortAt).then(() => controller.abort(new Error("aborted")));
          return limiter.run(own, controller.signal, async () => {
            started.push(i);
            running++;
            bytes += own;
            expect(running).toBeLessThanOrEqual(3);
            if (running > 1) expect(bytes).toBeLessThanOrEqual(100);
            await tick(ticks);
            running--;
            bytes -= own;
            if (fails) throw new Error("failed");
            return i;
          });
        });
        const settled = await Promise.allSettled(results);
        expect(started).toEqual([...started].sort((a, b) => a - b));
        for (const [i, result] of settled.entries()) {
          const { fails, abortAt } = tasks[i]!;
          if (result.status === "fulfilled") expect(result.value).toBe(i);
          else expect(fails || abortAt !== null).toBe(true);
        }
        // Nothing is left behind that would hold up the next.
        expect(await limiter.run(1000, undefined, async () => "next")).toBe("next");
      }),
    );
  });
});

describe("onAbort", () => {
  it("calls each who still waits once, with a single listener on the signal", () => {
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listeners++;
      add(...parameters);
    };
    const calls: number[] = [];
    const stops = Array.from({ length: 50 }, (_, i) => onAbort(signal, () => calls.push(i)));
    stops[7]!();
    expect(listeners).toBe(1);
    controller.abort();
    expect(calls).toEqual(Array.from({ length: 50 }, (_, i) => i).filter((i) => i !== 7));
    onAbort(signal, () => calls.push(99));
    expect(calls.at(-1)).toBe(99);
    stops[3]!();
  });
});

async function tick(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null;
}
