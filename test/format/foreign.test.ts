import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { explainForeign, recogniseForeign } from "../../src/format/foreign.ts";
import { parseHeader } from "../../src/format/header/header.ts";
import { headerLength } from "../../src/format/header/prefix.ts";
import { load } from "../../src/index.node.ts";
import { BOMBS, build } from "./bombs.ts";
import { hostileFiles } from "./hostile-files.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const zip = (name: string) =>
  bytes(`PK\x03\x04\0\0\b\b\0\0${"\0".repeat(16)}${String.fromCharCode(name.length)}\0\0\0${name}data`);

const FILES: readonly (readonly [what: RegExp, file: Uint8Array, wayOut?: RegExp])[] = [
  [/an empty file/, new Uint8Array(0), /cut short/],
  [
    /Git LFS pointer/,
    bytes("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"),
    /git lfs pull/,
  ],
  [/an HTML page/, bytes("<!DOCTYPE html>\n<html><head>"), /\/resolve\//],
  [/an HTML page/, bytes("\r\n  <html lang=en>")],
  [/an HTML page/, bytes("\xef\xbb\xbf<!-- saved --><HTML>")],
  [/an XML document/, bytes('<?xml version="1.0"?><Error><Code>AccessDenied</Code>'), /login/],
  [/JSON text/, bytes('{"error":"Repository not found"}'), /server/],
  [/JSON text/, bytes('[\n  {"type": "file"}]')],
  [/a PyTorch file/, zip("archive/data.pkl"), /torch\.load/],
  [/a PyTorch file/, zip("my-model.v2/data.pkl")],
  [/NumPy archive/, zip("arr_0.npy"), /numpy\.load/],
  [/Keras/, zip("metadata.json")],
  [/a zip archive/, zip("readme.txt"), /unpack/],
  [/a zip archive/, bytes("PK\x05\x06\0\0\0\0\0\0")],
  [/a pickle/, bytes("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), /torch\.load/],
  [/a pickle/, bytes("\x80\x04N.")],
  [/a GGUF file/, bytes("GGUF\x03\0\0\0\x10\0\0\0"), /safetensors files/],
  [/NumPy array/, bytes("\x93NUMPY\x01\0v\0{'descr': '<f4'"), /numpy\.load/],
  [/HDF5/, bytes("\x89HDF\r\n\x1a\n\0\0\0\0\0\b\b\0")],
  [/TensorFlow Lite/, bytes("\x1c\0\0\0TFL3\x14\0 \0")],
  [/ONNX/, bytes("\b\x07\x12\x07pytorch\x1a\x051.9:")],
  [/a compressed file/, gzipSync("{}".repeat(1000)), /unpack/],
  [/a compressed file/, bytes("BZh91AY&SY")],
  [/a compressed file/, bytes("\xfd7zXZ\0\0\x04")],
  [/a tar archive/, bytes(`model.bin${"\0".repeat(248)}ustar  \0`)],
  [/msgpack/, bytes("\x81\xa6params\x82\xa7encoder")],
  [/text that begins "Entry not found"/, bytes("Entry not found"), /address/],
  [/text that begins "404: Größe/, new TextEncoder().encode("404: Größe unbekannt")],
];

describe("recogniseForeign", () => {
  it.each(FILES.map(([what, file, wayOut = /./]) => ({ what, file, wayOut })))(
    "names $what",
    ({ what, file, wayOut }) => {
      const found = recogniseForeign(file);
      expect(found?.what).toMatch(what);
      expect(found?.wayOut).toMatch(wayOut);
    },
  );

  it("takes no safetensors file for another one, be it a broken one", () => {
    const lengths = [0x7b, 0x5b, 0x280, 0x088b1f, 0x4b50, 0x3c, 0x0a0a];
    for (const length of lengths) {
      const file = new Uint8Array(64).fill(0x20);
      new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
      file[8] = 0x7b;
      expect(recogniseForeign(file)).toBeUndefined();
    }
    for (const { bytes: file, code } of hostileFiles())
      if (code === null && file[8] === 0x7b) expect(recogniseForeign(file)).toBeUndefined();
  });

  it("looks at no more than the first bytes, however many there are", () => {
    for (const bomb of BOMBS.slice(-3)) recogniseForeign(build(bomb, 2 ** 20));
    expect(recogniseForeign(new Uint8Array(2 ** 24).fill(0x20))?.what).toBe('text that begins ""');
  });
});

describe("a file that is something else", () => {
  it.each(FILES.slice(1).map(([what, start]) => ({ what, start })))(
    "is named in the error of opening it: $what",
    ({ what, start }) => {
      const open = () => {
        try {
          const length = headerLength(start, start.length);
          parseHeader(start.subarray(8, 8 + length), start.length, undefined);
        } catch (error) {
          throw explainForeign(error, start);
        }
      };
      expect(open).toThrow(what);
      expect(open).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^(HeaderToo|InvalidHeader)/),
          message: expect.stringMatching(/^this is .*, not a safetensors file; /),
          expected: "a safetensors file",
        }),
      );
    },
  );

  it("is named where its first bytes pass for the length of a header", () => {
    const gzip = new Uint8Array(600_000);
    gzip.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
    expect(headerLength(gzip, gzip.length)).toBe(0x088b1f);
    const parse = () => parseHeader(gzip.subarray(8, 8 + 0x088b1f), gzip.length, undefined);
    let error: unknown;
    try {
      parse();
    } catch (thrown) {
      error = thrown;
    }
    const code = "InvalidHeaderDeserialization";
    expect(explainForeign(error, gzip)).toMatchObject({ code, found: "a compressed file", cause: error });
  });

  it("is named by load", () => {
    expect(() => load(bytes("version https://git-lfs.github.com/spec/v1\n"))).toThrow(/Git LFS pointer/);
    expect(() => load(new Uint8Array(0))).toThrow("this is an empty file, not a safetensors file");
    expect(() => load(bytes("\x80\x04N."))).toThrow(/a pickle/);
  });
});
