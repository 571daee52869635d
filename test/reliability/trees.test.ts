import {
  dict2pytree,
  isPytree2SafetensorsError,
  loadFile,
  loadPytree,
  PyTreeContainer,
  registerDataclass,
} from "pytree2safetensors";
import { describe, expect, it } from "vitest";
import { bytesOf, type HostileTree, hostileTrees } from "./corpus.ts";
import { fileOf } from "./files.ts";

/** The tree of a case as JSON, each tensor as its place among the names, and what it was warned of. */
async function load(hostile: HostileTree, structure: "auto" | "require" | "ignore") {
  const warnings: unknown[] = [];
  const onWarning = (error: Error) => warnings.push(isPytree2SafetensorsError(error) && error.code);
  // Lazy leaves know their names.
  const tree = await loadPytree(bytesOf(hostile), { structure, onWarning, lazy: true });
  const json = JSON.stringify(
    tree,
    (_, value: { readonly file?: unknown; readonly name?: unknown } | null) =>
      value?.file === undefined ? value : hostile.names.indexOf(value.name as string),
  );
  return { json, warnings };
}

async function refusal(action: () => unknown): Promise<unknown> {
  try {
    await action();
    return undefined;
  } catch (error) {
    return isPytree2SafetensorsError(error) ? error.code : error;
  }
}

for (const [file, cases] of hostileTrees()) {
  describe(`the hostile trees of ${file}`, () => {
    it.each(cases.map((hostile) => [hostile.name, hostile] as const))("%s", async (_, hostile) => {
      const { code, structure, names } = hostile;
      if (code === undefined) {
        const { json, warnings } = await load(hostile, structure === undefined ? "auto" : "require");
        expect(json).toBe(JSON.stringify(hostile.tree));
        expect(warnings).toEqual([]);
      } else if (structure === undefined) {
        expect(await refusal(() => loadPytree(bytesOf(hostile)))).toBe(code);
        expect(await refusal(() => dict2pytree(Object.fromEntries(names.map((name) => [name, 0]))))).toBe(
          code,
        );
        // As a dict it is a file like any other.
        expect(Object.keys(await loadFile(bytesOf(hostile))).sort()).toEqual([...names].sort());
      } else {
        expect(await refusal(() => loadPytree(bytesOf(hostile), { structure: "require" }))).toBe(code);
        // The tensors win: the tree of the names, and one warning that says why.
        const { json, warnings } = await load(hostile, "auto");
        expect(json).toBe((await load(hostile, "ignore")).json);
        expect(warnings).toEqual([code]);
      }
    });
  });
}

describe("a class of the program's own that a file describes otherwise", () => {
  class Layer {
    w: unknown;
  }
  registerDataclass(Layer, { dataFields: ["w"], name: "reliability.Layer" });
  const structure = JSON.stringify({
    version: 1,
    nodes: [
      [[["@", "gone"]], "none"],
      [
        [["@", "layer"]],
        "class",
        {
          name: "reliability.Layer",
          keys: [
            [".", "w"],
            [".", "b"],
          ],
        },
      ],
    ],
  });
  const file = fileOf(["@layer.w", "@layer.b"], structure);

  it("is not made of it; the rest of the structure counts all the same", async () => {
    const warnings: unknown[] = [];
    const onWarning = (error: Error) => warnings.push(isPytree2SafetensorsError(error) && error.code);
    const tree = await loadPytree<{ gone: unknown; layer: object }>(file, { onWarning });
    expect(warnings).toEqual(["StructureMismatch"]);
    expect(Object.keys(tree)).toEqual(["gone", "layer"]);
    expect(tree.gone).toBe(null);
    expect(tree.layer).toBeInstanceOf(PyTreeContainer);
    expect(Object.keys(tree.layer)).toEqual(["w", "b"]);
  });

  it("is an error where the structure is required", async () => {
    expect(await refusal(() => loadPytree(file, { structure: "require" }))).toBe("StructureMismatch");
  });
});
