import type { Random } from "../interop/mutate.ts";

/*
 * Inputs are strings of one character a byte. Mutations know a little of what the readers look for, so that most
 * mutants get past the first check.
 */

const TOKENS = [
  ...[
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\",
    " ",
    "\n",
    "\t",
    "\0",
    "\x7f",
    "\xff",
    "\xc0\x80",
    "\xed\xa0\x80",
  ],
  ...["0", "1", "-1", "-0", "00", "1.0", "1e2", "1e999", "255", "65536", "4294967295", "4294967296"],
  ...["9007199254740991", "9007199254740993", "18446744073709551615", "18446744073709551616", "99999999999"],
  ...[
    '"a"',
    '"\\u0061"',
    '""',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    "\xc3\xa9",
    "\xf0\x9f\x98\x80",
    "null",
    "true",
    "false",
  ],
  ...[
    '"dtype":"F32"',
    '"dtype":"U8"',
    '"dtype":"F4"',
    '"dtype":"BOOL"',
    '"dtype":"I64"',
    '"shape":[]',
    '"shape":[0]',
  ],
  ...[
    '"shape":[2,3]',
    '"data_offsets":[0,0]',
    '"data_offsets":[0,4]',
    '"data_offsets":[4,8]',
    '"__metadata__":{}',
  ],
  ...[
    '"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}',
    '"__metadata__":{"a":"b"}',
    '"__metadata__":null',
  ],
  ...[".", "@", "#", "#0", "#1", "#2", "@a", ".a", "@@", "..", "#-1", "#01", "@#.", "/", "['a']", "[0]", "~"],
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "length",
    "then",
    "__metadata__",
    "pytree2safetensors",
  ],
  ...[
    '"version":1',
    '"nodes":[]',
    '"leaves":{}',
    '"keys":"pytree"',
    '"keys":"dotted"',
    '"keys":"slash"',
    '"keys":"keystr"',
  ],
  ...[
    '[[],"dict"]',
    '[[["@","a"]],"none"]',
    '[[["@","b"]],"none"]',
    '[[["#",1]],"static",1]',
    '[[],"list",3]',
  ],
  ...[
    '[[],"dict",["b","a"]]',
    '[[],"map",[1,"a"]]',
    '[[],"attrs",["a"]]',
    '[[["@","a"]],"number"]',
    '{"bigint":"1"}',
  ],
  ...[
    '[[],"class",{"name":"C","keys":[[".","a"]],"aux":{"x":1}}]',
    '{"number":"NaN"}',
    '{"object":{"number":1}}',
  ],
] as const;

/** One mutant of an input; `others` are inputs to take pieces from. */
export function mutate(random: Random, input: string, others: readonly string[]): string {
  let text = input;
  const rounds = 1 + random.below(4);
  for (let round = 0; round < rounds; round++) text = once(random, text, others);
  return text.slice(0, 4096);
}

function once(random: Random, text: string, others: readonly string[]): string {
  const at = random.below(text.length + 1);
  const length = 1 + random.below(random.chance(0.8) ? 8 : 200);
  const [before, piece, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  switch (random.below(10)) {
    case 0:
      return before + String.fromCharCode(random.below(256)) + text.slice(at + 1);
    case 1:
      return before + after;
    case 2:
      return before + piece + piece + after;
    case 3:
      return before + piece.repeat(1 + random.below(40)) + after;
    case 4: {
      const other = random.pick(others);
      const from = random.below(other.length + 1);
      return before + other.slice(from, from + length) + text.slice(at);
    }
    case 5:
      return before + random.pick(others).slice(random.below(at + 1));
    case 6:
      return replaceOne(random, text, /\d+/g, () =>
        random.pick(["0", "1", "2", "4", "8", String(random.below(300))]),
      );
    case 7:
      return replaceOne(random, text, /"(?:[^"\\]|\\.)*"/g, () => random.pick(TOKENS));
    case 8:
      return swapLines(random, text);
    default:
      return before + random.pick(TOKENS) + text.slice(at);
  }
}

function replaceOne(random: Random, text: string, pattern: RegExp, by: () => string): string {
  const matches = [...text.matchAll(pattern)];
  if (matches.length === 0) return text;
  const match = random.pick(matches);
  return text.slice(0, match.index) + by() + text.slice(match.index + match[0].length);
}

function swapLines(random: Random, text: string): string {
  const lines = text.split("\n");
  const [a, b] = [random.below(lines.length), random.below(lines.length)];
  [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  return lines.join("\n");
}
