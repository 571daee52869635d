import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadFile, openSafetensors, saveFile } from "pytree2safetensors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runExample } from "./run.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "p2s-examples-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const GOLDEN = "test/fixtures/python/equinox-weights.safetensors";

describe("examples/python-to-js.ts", () => {
  it("gets the output that the model gives in Python, and saves half its weights under Python's names", async () => {
    const output = join(folder, "scaled.safetensors");
    const printed = await runExample("python-to-js.ts", GOLDEN, output);
    expect(printed).toContain("layers: 4×3, 4×4, 2×4\n");
    // What `eqx.nn.MLP(…)(jnp.array([1, 2, 3]))` gives for these weights, to the last digit of float32.
    const [first, second] = /output: \[ (.+), (.+) \]/.exec(printed)!.slice(1).map(Number);
    expect(first).toBeCloseTo(0.46573901176452637, 6);
    expect(second).toBeCloseTo(0.15529215335845947, 6);

    const [before, after] = [await loadFile(GOLDEN), await loadFile(output)];
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [name, tensor] of Object.entries(before)) {
      expect([...after[name]!.toFloat32Array()]).toEqual(
        [...tensor.toFloat32Array()].map((value) => value / 2),
      );
    }
  });
});

describe("examples/pytorch.ts", () => {
  it("changes one tensor of a PyTorch file and leaves everything else as it is", async () => {
    const [source, output] = [join(folder, "pytorch.safetensors"), join(folder, "changed.safetensors")];
    const original = {
      "encoder.layers.0.bias": new Float32Array(4),
      "encoder.layers.1.bias": new Float32Array([5, 6, 7, 8]),
      "head.weight": new Float32Array([9]),
    };
    await saveFile(original, source, { metadata: { format: "pt", note: "mine" } });

    const printed = await runExample("pytorch.ts", source, output);
    expect(printed).toContain("changed: [ 1, 2, 3, 4 ]\nmetadata format: pt\n");
    const changed = await openSafetensors(output);
    expect(changed.names).toEqual(Object.keys(original));
    expect(changed.metadata).toMatchObject({ format: "pt", note: "mine" });
    expect((await changed.tensor("encoder.layers.1.bias")).toArray()).toEqual([5, 6, 7, 8]);
    await changed.close();
  });
});
