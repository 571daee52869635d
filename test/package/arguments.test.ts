// What every public function says to the wrong arguments of wrong-calls.ts.
import "@tensorflow/tfjs-backend-cpu";
import { init, numpy as np } from "@jax-js/jax";
import { beforeAll, describe, expect, it } from "vitest";
import * as jax from "../../src/adapters/jax-js.node.ts";
import * as tfjs from "../../src/adapters/tfjs.node.ts";
import * as core from "../../src/index.node.ts";
import { describeThrown } from "./describe-thrown.ts";
import { type Call, type Entry, OPTIONS, ROOT_ALONE, type Row, VALUES, type Wrong } from "./wrong-calls.ts";

const { isPytree2SafetensorsError } = core;

beforeAll(async () => {
  await init("cpu");
});

const ENTRIES: readonly (readonly [string, Entry])[] = [
  ["pytree2safetensors", core as Wrong],
  ["pytree2safetensors/jax-js", jax as Wrong],
  ["pytree2safetensors/tfjs", tfjs as Wrong],
];

/** The error of a call, with what it must say to everybody. */
async function expectRefusal(call: Call, entry: Entry, code: core.ErrorCode): Promise<void> {
  const thrown = await describeThrown(async () => call(entry));
  expect(thrown).toMatchObject({ ours: true, code });
  expect(thrown.expected, "expected").toBeTruthy();
  expect(thrown.found, "found").toBeTruthy();
}

describe.each(ENTRIES)(
  "wrong arguments to %s are refused with what was expected and what was found",
  (name, entry) => {
    const rows =
      name === "pytree2safetensors" ? [...OPTIONS, ...VALUES, ...ROOT_ALONE] : [...OPTIONS, ...VALUES];
    it.each(rows)("%s", async (_, call, code) => {
      await expectRefusal(call, entry, code);
    });

    it("in every function that it exports", () => {
      // Guards take anything.
      const functions = Object.entries(entry)
        .filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name))
        .map(([name]) => name)
        .filter((name) => name !== "isDtype" && name !== "isPytree2SafetensorsError");
      const tested = new Set(rows.map(([what]) => what.replace(/:.*/, "")));
      expect(functions.filter((name) => !tested.has(name))).toEqual([]);
    });
  },
);

describe("arrays of a framework", () => {
  it.each<Row>([
    ["a freed jax-js array", () => jax.save({ a: freed() }), "UnsupportedLeaf"],
    [
      "a jax-js array in a dict for TensorFlow.js",
      () => tfjs.save({ a: np.array([1]) } as Wrong),
      "UnsupportedLeaf",
    ],
    [
      "a jax-js array in a dict for no framework",
      () => core.save({ a: np.array([1]) } as Wrong),
      "UnsupportedLeaf",
    ],
  ])("%s is refused", async (_, call, code) => {
    await expectRefusal(call, core as Wrong, code);
  });
});

describe("the guards", () => {
  it("take anything", () => {
    for (const value of [null, undefined, 7, "F32", {}, new Error("x")]) {
      expect(isPytree2SafetensorsError(value)).toBe(false);
      expect(core.isDtype(value as Wrong)).toBe(value === "F32");
    }
  });
});

function freed(): jax.JaxArray {
  const array = np.array([1]);
  array.dispose();
  return array;
}
