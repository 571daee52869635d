import { inspect } from "node:util";
import { Tensor } from "pytree2safetensors";
import { describe, equal, it } from "./harness.ts";

/** What the runtime's own `console.log` makes of a value. */
function print(value: unknown): string {
  const { Deno, Bun } = globalThis as { [runtime in "Deno" | "Bun"]?: { inspect(value: unknown): string } };
  return (Deno ?? Bun)?.inspect(value) ?? inspect(value);
}

/** What `console.log` shows: Node, Deno and Bun, each of which looks for another method. */
export function printingTests(): void {
  describe("console.log", () => {
    it("shows dtype, shape and a few values of a tensor", () => {
      equal(print(Tensor.from([[1, 2.5]])), "Tensor F32[1,2] [1, 2.5]", "small");
      const large = Tensor.from(new Int32Array(1_000_000));
      equal(print(large), "Tensor I32[1000000] [0, 0, 0, 0, 0, 0, 0, 0, … 999992 more]", "large");
      equal(print({ a: large }).includes("Tensor I32[1000000] [0, 0"), true, "in an object");
    });
  });
}
