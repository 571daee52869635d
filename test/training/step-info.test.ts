import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  METRICS_KEY,
  readStepMetadata,
  STEP_KEY,
  TIME_KEY,
  writeStepMetadata,
} from "../../src/training/step-info.ts";

const TIME = new Date("2026-03-01T10:20:30.456Z");

describe("what a step's file says of itself", () => {
  it("is written under three documented keys beside the user's own", () => {
    expect(writeStepMetadata(1200, { loss: 0.25, bad: Number.NaN }, TIME, { license: "MIT" })).toEqual({
      license: "MIT",
      "pytree2safetensors.step": "1200",
      "pytree2safetensors.metrics": '{"loss":0.25,"bad":"NaN"}',
      "pytree2safetensors.time": "2026-03-01T10:20:30.456Z",
    });
  });

  it("reads back to the very numbers, NaN, infinities and -0 too, and to the user's strings", () => {
    const metrics = fc.dictionary(fc.string(), fc.double());
    const metadata = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(fc.maxSafeNat(), metrics, metadata, (step, own, strings) => {
        const found = readStepMetadata(writeStepMetadata(step, own, TIME, strings))!;
        expect(found.step).toBe(step);
        expect(found.time).toEqual(TIME);
        expect(Object.entries(found.metadata)).toEqual(Object.entries(strings));
        expect(Object.keys(found.metrics).sort()).toEqual(Object.keys(own).sort());
        for (const [name, value] of Object.entries(own))
          expect(Object.is(found.metrics[name], value)).toBe(true);
      }),
    );
  });

  it("keeps a metric that is called __proto__", () => {
    const metrics = JSON.parse('{"__proto__": 1}') as Record<string, number>;
    const found = readStepMetadata(writeStepMetadata(1, metrics, TIME))!;
    expect(Object.entries(found.metrics)).toEqual([["__proto__", 1]]);
    expect(Object.getPrototypeOf(found.metrics)).toBe(Object.prototype);
  });

  it("is nothing in a file that no manager wrote", () => {
    expect(readStepMetadata({ license: "MIT" })).toBeUndefined();
  });

  it.each([
    [{ [STEP_KEY]: "1e3" }, /"pytree2safetensors\.step" must be decimal digits, found "1e3"/],
    [{ [TIME_KEY]: "yesterday" }, /"pytree2safetensors\.time" must be a date/],
    [{ [METRICS_KEY]: "{" }, /must be a JSON object of numbers, found "\{"/],
    [{ [METRICS_KEY]: "[1]" }, /must be a JSON object of numbers/],
    [{ [METRICS_KEY]: '{"a":"1"}' }, /must be a JSON object of numbers/],
    [{ [METRICS_KEY]: '{"a":"toString"}' }, /must be a JSON object of numbers/],
  ])("is refused where it is bent: %o", (bent, message) => {
    const metadata = { ...writeStepMetadata(1, {}, TIME), ...bent };
    expect(() => readStepMetadata(metadata)).toThrow(message);
  });

  it.each([STEP_KEY, METRICS_KEY, TIME_KEY])("can't be set by the user: %s", (key) => {
    expect(() => writeStepMetadata(1, {}, TIME, { [key]: "x" })).toThrow(/is the checkpoint manager's own/);
  });

  it.each([
    [{ loss: "0.5" }, /the metric "loss" must be a number, not the string "0\.5"/],
    [{ loss: 5n }, /not the bigint 5/],
    [[0.5], /metrics must be an object of numbers, not an array/],
    [null, /not null/],
  ])("takes numbers only: %o", (metrics, message) => {
    expect(() => writeStepMetadata(1, metrics as never, TIME)).toThrow(message);
  });
});
