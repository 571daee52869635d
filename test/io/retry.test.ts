import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { retryAfter, Transient, withRetries } from "../../src/io/sources/retry.ts";

describe("retryAfter", () => {
  it.each([
    [null, undefined],
    ["0", 0],
    ["7", 7000],
    ["soon", undefined],
    ["Wed, 21 Oct 2015 07:28:00 GMT", 0],
  ])("reads the header %j as %s ms", (header, expected) => {
    expect(retryAfter(header)).toBe(expected);
  });

  it("reads a date as the time until then", () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    expect(retryAfter(inAnHour)).toBeGreaterThan(3_590_000);
  });
});

describe("withRetries", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("waits for as long as the server asks", async () => {
    let attempts = 0;
    const done = withRetries({ retries: 1, signal: undefined }, async () => {
      if (++attempts === 1) throw new Transient(new Error("busy"), 7000);
      return "done";
    });
    await vi.advanceTimersByTimeAsync(6999);
    expect(attempts).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await done).toBe("done");
  });

  it("waits longer each time, and ends with the error of the last attempt", async () => {
    let attempts = 0;
    const done = withRetries({ retries: 3, signal: undefined }, async () => {
      throw new Transient(new Error(`attempt ${++attempts}`));
    });
    const end = expect(done).rejects.toThrow("attempt 4");
    for (const [ms, expected] of [
      [49, 1],
      [51, 2],
      [99, 2],
      [101, 3],
      [199, 3],
      [201, 4],
    ]) {
      await vi.advanceTimersByTimeAsync(ms!);
      expect(attempts).toBeGreaterThanOrEqual(expected!);
    }
    await end;
  });
});
