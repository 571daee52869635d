import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fileKey, folderKey, INDEX_FILE, parseKey } from "../../src/training/step-names.ts";

describe("the names of steps", () => {
  it("have eight digits or more", () => {
    expect(fileKey(1200)).toBe("step-00001200.safetensors");
    expect(folderKey(1200)).toBe("step-00001200/");
    expect(fileKey(Number.MAX_SAFE_INTEGER)).toBe("step-9007199254740991.safetensors");
  });

  it("are read back", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (step) => {
        expect(parseKey(fileKey(step))).toEqual({ step, file: undefined });
        expect(parseKey(folderKey(step) + INDEX_FILE)).toEqual({ step, file: INDEX_FILE });
        const shard = "model-00001-of-00002.1a2b3c4d.safetensors";
        expect(parseKey(folderKey(step) + shard)).toEqual({ step, file: shard });
      }),
    );
  });

  it.each([
    "step-1200.safetensors",
    "step-000001200.safetensors",
    "step-99999999999999999.safetensors",
    "step-9007199254740992.safetensors",
    "step--0000001.safetensors",
    "step-0000120a.safetensors",
    "step-00001200.safetensors.bak",
    "xstep-00001200.safetensors",
    "step-00001200",
    "step-00001200/",
    "step-00001200/notes.txt",
    "step-00001200/other-00001-of-00002.safetensors",
    "step-00001200/a/model.safetensors.index.json",
    "a/step-00001200.safetensors",
    "step-00001200.safetensors\n",
    "step-٠٠٠٠١٢٠٠.safetensors",
  ])("are not %j, which is somebody else's", (key) => {
    expect(parseKey(key)).toBeUndefined();
  });
});
