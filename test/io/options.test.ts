import { describe, expect, it } from "vitest";
import { openSink, openSinkIn } from "../../src/io/open-sink.ts";
import { openPlace, openSource, openSourceIn } from "../../src/io/open-source.ts";
import { openStore, openWritableStore } from "../../src/io/open-store.ts";
import "../../src/io/platform.node.ts";
import { memoryStore } from "../../src/io/stores/memory.ts";
import { bytesSink } from "./bytes-sink.ts";
import { failure } from "./support.ts";

const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  signal: [null, {}, "now", new AbortController()],
  fetch: [null, "fetch", {}],
  headers: [null, 7, "authorization: x", ["a"], { "in valid": "x" }, { a: "b\nc" }],
  retries: [null, -1, 1.5, Number.NaN, "3", 3n],
  timeout: [null, 0, -5, Number.NaN, "30", 30n],
  onDownload: [null, {}, true],
  flush: [null, "no", 0],
};

const CALLS: Readonly<Record<string, (options: never) => unknown>> = {
  openSource: (options) => openSource(new Uint8Array(8), options),
  openPlace: (options) => openPlace(memoryStore(), options),
  openSourceIn: (options) => openSourceIn(memoryStore(), "a", options),
  openSink: (options) => openSink(bytesSink(), options),
  openSinkIn: (options) => openSinkIn(memoryStore(), "a", options),
  openStore: (options) => openStore(memoryStore(), options),
  openWritableStore: (options) => openWritableStore(memoryStore(), options),
};

describe.each(Object.entries(CALLS))("the options of %s", (_, call) => {
  it.each(Object.entries(WRONG).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    "refuse a wrong %s: %s",
    async (name, value) => {
      const error = await failure(() => call({ [name]: value } as never));
      expect(error).toMatchObject({ code: "InvalidArgument" });
      expect(error).toMatchObject({ expected: expect.any(String), found: expect.any(String) });
      expect(error.message).toMatch(new RegExp(`^${name} must be .+, not .+`));
      expect(error.message).not.toMatch(/authorization: x|b\\nc/);
    },
  );

  it.each([null, 7, "fast", true])("must be an object, not %s", async (options) => {
    const error = await failure(() => call(options as never));
    expect(error).toMatchObject({ code: "InvalidArgument", expected: "an object" });
  });
});

describe("options that are right", () => {
  it("pass: undefined for each, Headers, infinite patience, a signal of another realm", async () => {
    const none = Object.fromEntries(Object.keys(WRONG).map((name) => [name, undefined]));
    const signal = { aborted: false, addEventListener() {}, removeEventListener() {}, throwIfAborted() {} };
    for (const options of [
      none,
      { headers: new Headers({ a: "b" }), retries: 0, timeout: Number.POSITIVE_INFINITY, flush: false },
      { headers: {}, retries: Number.POSITIVE_INFINITY, signal: signal as unknown as AbortSignal },
    ])
      await openSource(new Uint8Array(8), options);
  });
});
