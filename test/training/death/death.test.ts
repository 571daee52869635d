import { describe, expect, it } from "vitest";
import { killTrainings } from "./kill-training.ts";

describe("a program that is killed while it saves through a manager", () => {
  it.each(["file", "shards"] as const)(
    "leaves every step that the rules keep, whole, and litter that the next open clears (%s)",
    async (form) => {
      expect(await killTrainings({ form, mode: "steps", kills: 6 })).toMatchObject({ kills: 6 });
      expect(await killTrainings({ form, mode: "replace", kills: 3 })).toMatchObject({ kills: 3 });
    },
  );
});
