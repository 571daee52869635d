import { expect, it } from "vitest";
import { planLayout } from "../../src/format/layout/layout.ts";

it("throws HeaderTooLarge for a name of 100,000,000 bytes", () => {
  expect(() => planLayout([{ name: "a".repeat(100_000_000), dtype: "F32", shape: [] }])).toThrow(
    expect.objectContaining({ code: "HeaderTooLarge" }),
  );
});
