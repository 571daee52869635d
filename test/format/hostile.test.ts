import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/base/errors.ts";
import { isPytree2SafetensorsError, type Pytree2SafetensorsError } from "../../src/base/errors.ts";
import { type Header, parseHeader } from "../../src/format/header/header.ts";
import { headerLength, PREFIX_BYTES } from "../../src/format/header/prefix.ts";
import { hostileFiles } from "./hostile-files.ts";
import { hostilePairs } from "./hostile-pairs.ts";

function read(file: Uint8Array): Header {
  const length = headerLength(file, file.length);
  return parseHeader(file.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file.length, file);
}

function refusal(file: Uint8Array): Pytree2SafetensorsError | undefined {
  try {
    read(file);
    return undefined;
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return error;
    throw error;
  }
}

const files = hostileFiles();

describe("a hostile file", () => {
  it.each(files.filter(({ code }) => code !== null))(
    "is refused with its code: $name",
    ({ bytes, code, tensor }) => {
      const error = refusal(bytes);
      expect(error?.code).toBe(code);
      if (tensor !== undefined) expect(error?.tensor).toBe(tensor);
      expect(error?.faults[0]).toMatchObject({ code });
      expect(error?.message.length).toBeLessThan(400);
    },
  );

  it.each(hostilePairs())("is refused for the first fault: $name", ({ bytes, code, codes }) => {
    const error = refusal(bytes);
    expect(error?.code).toBe(code);
    // What is checked after the JSON was read is reported all at once.
    const after = (fault: string) => !/^(HeaderToo|InvalidHeader)/.test(fault);
    if (codes.every(after))
      expect(error?.faults.map((fault: Fault) => fault.code)).toEqual(expect.arrayContaining([...codes]));
  });
});

describe("an odd but valid file", () => {
  it.each(files.filter(({ code }) => code === null))("is read: $name", ({ bytes }) => {
    const { tensors, dataStart } = read(bytes);
    expect(new Set(tensors.map(({ name }) => name)).size).toBe(tensors.length);
    expect(tensors.at(-1)?.end ?? dataStart).toBe(bytes.length);
  });
});

describe("the whole corpus", () => {
  it("leaves every prototype as it was", () => {
    const prototypes = [
      Object,
      Array,
      Function,
      String,
      Number,
      Map,
      Set,
      Uint8Array,
      Float64Array,
      Promise,
      Error,
    ].map((type) => type.prototype as object);
    const snapshot = () =>
      prototypes.map((prototype) =>
        JSON.stringify(
          Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(([key, value]) => [
            key,
            typeof value.value,
          ]),
        ),
      );
    const before = snapshot();
    for (const { bytes, code } of files) {
      if (code !== null) {
        refusal(bytes);
        continue;
      }
      const { metadata } = read(bytes);
      if (metadata) expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    }
    expect(snapshot()).toEqual(before);
  });
});
