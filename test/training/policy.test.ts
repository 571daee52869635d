import fc from "fast-check";
import { type KeepRules, type KeptStep, stepsToKeep } from "pytree2safetensors/training";
import { describe, expect, it } from "vitest";
import { checkRules, isDue, rank } from "../../src/training/policy.ts";

const HOUR = 3_600_000;

/** Steps with their metric `m`; `undefined` for a step without it. The step's number is its hour. */
function stepsWith(metrics: Readonly<Record<number, number | undefined>>): KeptStep[] {
  return Object.entries(metrics).map(([step, m]) => ({
    step: Number(step),
    metrics: m === undefined ? {} : { m },
    time: new Date(Number(step) * HOUR),
  }));
}

const kept = (metrics: Record<number, number | undefined>, rules: KeepRules, hour = 100) =>
  [...stepsToKeep(stepsWith(metrics), rules, hour * HOUR)].sort((a, b) => a - b);

const FIVE = { 1: 0.5, 2: 0.9, 3: 0.1, 4: 0.9, 5: 0.2 };

describe("stepsToKeep", () => {
  it.each<[string, KeepRules, number[]]>([
    ["all without a rule", {}, [1, 2, 3, 4, 5]],
    ["the newest ones", { last: 2 }, [4, 5]],
    ["multiples, and always the newest", { every: 2 }, [2, 4, 5]],
    ["the best, of equal ones the later, and the newest", { best: { metric: "m", mode: "max" } }, [4, 5]],
    ["several best", { best: { metric: "m", mode: "max", count: 3 } }, [1, 2, 4, 5]],
    ["the smallest", { best: { metric: "m", mode: "min", count: 2 } }, [3, 5]],
    ["what another metric is best in: none has it", { best: { metric: "other", mode: "max" } }, [5]],
    ["those since a date", { since: new Date(4 * HOUR) }, [4, 5]],
    ["those of the last seconds", { since: { seconds: 97 * 3600 } }, [3, 4, 5]],
    ["those that a function wants", { when: ({ step }) => step < 3 }, [1, 2, 5]],
    ["what any rule wants", { last: 1, every: 3, when: ({ metrics }) => metrics.m === 0.5 }, [1, 3, 5]],
  ])("keeps %s", (_, rules, expected) => {
    expect(kept(FIVE, rules)).toEqual(expected);
  });

  it.each<[string, number | undefined]>([
    ["without the metric", undefined],
    ["whose metric is NaN", Number.NaN],
  ])("never takes a step %s for the best", (_, value) => {
    for (const mode of ["max", "min"] as const)
      expect(
        kept({ 1: value, 2: 0.5, 3: 0.6, 4: value, 5: value }, { best: { metric: "m", mode, count: 2 } }),
      ).toEqual([2, 3, 5]);
  });

  it("compares infinities", () => {
    const values = { 1: Number.POSITIVE_INFINITY, 2: 1, 3: Number.NEGATIVE_INFINITY, 4: 0 };
    expect(rank(stepsWith(values), { metric: "m", mode: "max" }).map(({ step }) => step)).toEqual([
      1, 2, 4, 3,
    ]);
    expect(rank(stepsWith(values), { metric: "m", mode: "min" }).map(({ step }) => step)).toEqual([
      3, 4, 2, 1,
    ]);
  });

  it("takes a metric only for what is the step's own", () => {
    expect(kept({ 1: 0, 2: 0 }, { best: { metric: "toString", mode: "max" } })).toEqual([2]);
  });

  it("keeps the newest, and more the more rules there are, in any order of the steps", () => {
    const rules = fc.record(
      {
        last: fc.integer({ min: 1, max: 5 }),
        every: fc.integer({ min: 1, max: 7 }),
        best: fc.record({
          metric: fc.constant("m"),
          mode: fc.constantFrom("max" as const, "min" as const),
          count: fc.integer({ min: 1, max: 4 }),
        }),
      },
      { requiredKeys: ["last"] },
    );
    const metrics = fc.dictionary(
      fc.integer({ min: 0, max: 50 }).map(String),
      fc.oneof(fc.constant(undefined), fc.double(), fc.integer({ min: 0, max: 2 })),
      { minKeys: 1 },
    );
    fc.assert(
      fc.property(rules, metrics, (one, values) => {
        const found = kept(values, one);
        const steps = Object.keys(values).map(Number);
        expect(found).toContain(Math.max(...steps));
        expect(found).toEqual(expect.arrayContaining(kept(values, { last: one.last })));
        const backwards = stepsToKeep(stepsWith(values).reverse(), one, 100 * HOUR);
        expect([...backwards].sort((a, b) => a - b)).toEqual(found);
      }),
    );
  });
});

describe("isDue", () => {
  const context = { metrics: { loss: 2 }, latest: 5, seconds: 59 };

  it("counts steps, seconds, or asks", () => {
    expect([0, 100, 150, 200].map((step) => isDue(100, step, context))).toEqual([true, true, false, true]);
    expect([59, 59.5].map((seconds) => isDue({ seconds }, 1, context))).toEqual([true, false]);
    expect(
      isDue((step, { metrics, latest }) => step === 7 && metrics.loss === 2 && latest === 5, 7, context),
    ).toBe(true);
  });
});

describe("rules that say nothing sensible", () => {
  it.each<[KeepRules, RegExp]>([
    [{ last: 0 }, /keep\.last must be an integer of 1 or more, not the number 0/],
    [{ last: 1.5 }, /not the number 1\.5/],
    [{ every: -1 }, /keep\.every must be/],
    [{ best: { metric: "m", mode: "best" as "max" } }, /keep\.best\.mode must be "max" or "min"/],
    [{ best: { metric: "m", mode: "max", count: 0 } }, /keep\.best\.count/],
    [{ best: { mode: "max" } as never }, /keep\.best\.metric must be the name of a metric, not undefined/],
    [{ since: new Date(Number.NaN) }, /keep\.since\.seconds/],
    [{ since: 5 as never }, /keep\.since\.seconds must be a number of seconds/],
    [{ when: true as never }, /keep\.when must be a function/],
    [{ lats: 3 } as never, /keep has no rule "lats"; the rules are last, every, best, since, when/],
  ])("are refused: %o", (keep, message) => {
    expect(() => checkRules(1, keep as never)).toThrow(message);
  });

  it.each([0, -1, 1.5, { seconds: -1 }, { seconds: Number.NaN }, {}, null, "100"])(
    "are refused: saveEvery %o",
    (saveEvery) => {
      expect(() => checkRules(saveEvery as never, {})).toThrow(/saveEvery/);
    },
  );
});
