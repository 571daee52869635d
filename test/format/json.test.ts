import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPytree2SafetensorsError } from "../../src/base/errors.ts";
import { JsonCursor } from "../../src/format/header/json.ts";
import { isSpecial, KeySet, mix } from "../../src/format/header/keyset.ts";
import { decodeUtf8, encodeUtf8, invalidUtf8At } from "../../src/format/utf8.ts";
import { nameArbitrary } from "./arbitraries.ts";

function accepts(text: string): boolean {
  const cursor = new JsonCursor(encodeUtf8(text));
  cursor.onDuplicate = () => expect.unreachable();
  try {
    cursor.skip(0);
    return cursor.next() === -1;
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return false;
    throw error;
  }
}

// Whether it is JSON whose numbers a double can hold: where `JSON.parse` makes Infinity, the reference refuses.
function parses(text: string): boolean {
  try {
    const values: unknown[] = [];
    JSON.parse(text, (_, value) => values.push(value));
    return !values.some((value) => typeof value === "number" && !Number.isFinite(value));
  } catch {
    return false;
  }
}

describe("JsonCursor", () => {
  it("accepts all JSON", () => {
    fc.assert(fc.property(fc.json({ stringUnit: "grapheme" }), (text) => accepts(text)));
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => accepts(JSON.stringify(value, null, indent))),
    );
  });

  it("accepts a damaged text only where it still is JSON", () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.constantFrom(
        "",
        " ",
        ",",
        '"',
        "\\",
        "0",
        "-",
        ".",
        "e",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\n",
        "n",
        "\u0000",
      ),
    );
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 3 }),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        (text, cuts) => {
          const damaged = cuts.reduce((rest, [at, size, insert]) => {
            const from = at % (rest.length + 1);
            return rest.slice(0, from) + insert + rest.slice(from + size);
          }, text);
          let twice = false;
          const cursor = new JsonCursor(encodeUtf8(damaged));
          cursor.onDuplicate = () => {
            twice = true;
          };
          let accepted = true;
          try {
            cursor.skip(0);
            accepted = cursor.next() === -1;
          } catch (error) {
            if (!isPytree2SafetensorsError(error)) throw error;
            accepted = false;
          }
          fc.pre(!twice);
          expect(accepted).toBe(parses(damaged));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("reads a u64 and leaves everything else", () => {
    const read = (text: string) => {
      const cursor = new JsonCursor(encodeUtf8(text));
      return [cursor.u64(), cursor.pos, cursor.huge];
    };
    expect(read("0,")).toEqual([0, 1, false]);
    expect(read("12345]")).toEqual([12345, 5, false]);
    expect(read("9007199254740990")).toEqual([9007199254740990, 16, false]);
    expect(read("9007199254740993")).toEqual([expect.any(Number), 16, true]);
    expect(read("18446744073709551615")).toEqual([expect.any(Number), 20, true]);
    for (const text of [
      "18446744073709551616",
      "28446744073709551615",
      "111111111111111111111",
      "00",
      "01",
      "1.0",
      "1e1",
      "1E1",
      "-0",
      "-1",
      "+1",
      "",
      '"1"',
      "1x",
    ]) {
      expect(read(text)).toEqual([-1, 0, false]);
    }
  });

  it("tells of keys that stand twice in one object, however they are spelled", () => {
    const twice = (text: string) => {
      const keys: string[] = [];
      const cursor = new JsonCursor(encodeUtf8(text));
      cursor.onDuplicate = (key) => keys.push(key);
      cursor.skip(0);
      return keys;
    };
    expect(twice('{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}')).toEqual([]);
    expect(twice('{"a":1,"a":2,"a":3}')).toEqual(["a", "a"]);
    expect(twice('{"a":{"b":1,"\\u0062":2},"\\u0061":3}')).toEqual(["b", "a"]);
    expect(twice('{"é":1,"\\u00e9":2,"\\u00E9":3}')).toEqual(["é", "é"]);
    expect(twice('{"":1,"":2}')).toEqual([""]);
  });
});

describe("KeySet", () => {
  const spellings = [
    (name: string) => JSON.stringify(name),
    (name: string) =>
      `"${Array.from({ length: name.length }, (_, i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`,
  ];

  it("keeps each key once, in the order in which they came", () => {
    const keys = fc.array(
      fc.tuple(fc.oneof(nameArbitrary, fc.nat(500).map(String)), fc.constantFrom(...spellings)),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(keys, (list) => {
        const cursor = new JsonCursor(encodeUtf8(list.map(([key, spell]) => spell(key)).join(" ")));
        const set = new KeySet(cursor.bytes);
        const map = new Map<string, number>();
        for (const [key] of list) {
          cursor.string();
          expect(cursor.text()).toBe(key);
          expect(set.add(cursor.start, cursor.end, cursor.hash, cursor.unescaped)).toBe(map.has(key));
          if (!map.has(key)) map.set(key, map.size);
        }
        expect(set.count).toBe(map.size);
        for (const [key, index] of map) expect(set.text(index)).toBe(key);
        set.clear();
        expect(set.count).toBe(0);
      }),
    );
  });
});

describe("KeySet, given keys made for it", () => {
  // The word that the hash takes in without a change: the step backwards, by the inverse of its multiplier.
  function unchanging(hash: number): number {
    let inverse = 1;
    for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(0x9e3779b1, inverse));
    const product = hash ^ (hash >>> 15) ^ (hash >>> 30);
    return Math.imul(product, inverse) ^ hash;
  }

  it("tells a key from a longer one that starts with it and has its hash", () => {
    const pair = new Uint8Array(8);
    const view = new DataView(pair.buffer);
    let found = false;
    for (let i = 0; !found; i++) {
      pair.set(encodeUtf8(i.toString(36).padStart(4, "_")));
      const hash = mix(0, view.getInt32(0, true));
      view.setInt32(4, unchanging(hash), true);
      found = !isSpecial(view.getInt32(4, true));
    }
    const long = decodeUtf8(pair);
    for (const keys of [
      [long.slice(0, 4), long],
      [long, long.slice(0, 4)],
    ]) {
      const cursor = new JsonCursor(encodeUtf8(keys.map((key) => `"${key}"`).join(" ")));
      const set = new KeySet(cursor.bytes);
      const hashes = keys.map(() => {
        cursor.string();
        expect(cursor.isIn(set)).toBe(false);
        return cursor.hash;
      });
      expect(hashes[1]).toBe(hashes[0]);
      expect(keys.map((_, i) => set.text(i))).toEqual(keys);
    }
  });
});

describe("KeySet, given two names of one length and one hash", () => {
  it("takes them for two names", () => {
    const names = sameHash();
    expect(names).toHaveLength(2);
    const cursor = new JsonCursor(encodeUtf8(names.map((name) => `"${name}"`).join(" ")));
    const set = new KeySet(cursor.bytes);
    const hashes = names.map(() => {
      cursor.string();
      expect(cursor.isIn(set)).toBe(false);
      return cursor.hash;
    });
    expect(hashes[0]).toBe(hashes[1]);
  });

  /** Two names of eight characters with one hash: among a few hundred thousand there are some. */
  function sameHash(): string[] {
    const first = new Map<number, string>();
    for (let i = 0; i < 1_000_000; i++) {
      const name = Math.imul(i, 0x9e3779b1).toString(36).padStart(8, "_").slice(-8);
      const cursor = new JsonCursor(encodeUtf8(`"${name}"`));
      cursor.string();
      const other = first.get(cursor.hash);
      if (other !== undefined && other !== name) return [other, name];
      first.set(cursor.hash, name);
    }
    return [];
  }
});

describe("invalidUtf8At", () => {
  const strict = new TextDecoder("utf-8", { fatal: true });
  const isValid = (bytes: Uint8Array) => {
    try {
      strict.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };

  it("agrees with a strict decoder on every sequence of up to three bytes, and on the edges of four", () => {
    const edges = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
      0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    // Collected, for `expect` takes longer than the check itself.
    const different: number[][] = [];
    for (const a of edges) {
      for (const b of edges) {
        for (const c of edges) {
          for (const bytes of [[a], [a, b], [a, b, c], [a, b, c, 0x80], [a, b, c, 0x41]]) {
            const sequence = Uint8Array.from(bytes);
            if (invalidUtf8At(sequence) < 0 !== isValid(sequence)) different.push(bytes);
          }
        }
      }
    }
    expect(different).toEqual([]);
  });

  it("says where the first fault is", () => {
    expect(invalidUtf8At(Uint8Array.of(0x61, 0xc3, 0xa9, 0xff, 0xff))).toBe(3);
    expect(invalidUtf8At(Uint8Array.of(0x61, 0xe2, 0x82))).toBe(1);
    expect(invalidUtf8At(encodeUtf8("aé€😀"))).toBe(-1);
  });

  it("keeps a byte order mark when it decodes", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });
});
