/*
 * Mutated safetensors files, reproducible by their seed. Headers are handled as strings of one character a byte
 * ("binary" strings), so that a mutation can write any bytes.
 */

/** A file in its parts; `length` is what its first eight bytes say. */
export interface FileParts {
  readonly length: bigint;
  readonly header: string;
  readonly dataBytes: number;
}

/** Random choices, the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 0;
  }

  /** An integer from 0 to `end` - 1. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[-+]?[0-9][0-9.eE+-]*|[A-Za-z_]+|[ \n\r\t]+|./gs;

const NUMBERS = [
  ...["0", "1", "2", "3", "7", "8", "16", "255", "256", "1048576", "1099511627776"],
  ...[
    "1.0",
    "0.0",
    "1e0",
    "1E2",
    "1e2",
    "-0",
    "-1",
    "-0.0",
    "00",
    "01",
    "+1",
    ".5",
    "5.",
    "1e",
    "0x10",
    "1_000",
  ],
  ...[
    "2147483648",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "9007199254740994",
  ],
  ...["9223372036854775807", "9223372036854775808", "18446744073709551608", "18446744073709551615"],
  ...["18446744073709551616", "18446744073709551617", "99999999999999999999", "100000000000000000000"],
  ...["2305843009213693951", "2305843009213693952", "1e308", "1e309", "1e999", "-1e999", "0e999", "1e-999"],
  ...[
    "1".repeat(300),
    "1".repeat(310),
    `0.${"0".repeat(400)}1`,
    "NaN",
    "Infinity",
    "null",
    "true",
    '"1"',
    "[1]",
    "{}",
  ],
];

const STRINGS = [
  ...['""', '"a"', '"\\u0061"', '"b"', '"\\u0062"', '"__metadata__"', '"\\u005f_metadata__"', '"__proto__"'],
  ...['"constructor"', '"dtype"', '"\\u0064type"', '"shape"', '"data_offsets"', '"F32"', '"F\\u0033\\u0032"'],
  ...[
    '"F64"',
    '"I8"',
    '"U8"',
    '"F4"',
    '"F6_E2M3"',
    '"F6_E3M2"',
    '"BOOL"',
    '"C64"',
    '"F8_E8M0"',
    '"f32"',
    '"F128"',
  ],
  ...[
    '"\\ud83d\\ude00"',
    '"\\ud83d"',
    '"\\ude00"',
    '"\\ud83dx"',
    '"\\ud83d\\u0041"',
    '"\\ude00\\ud83d"',
    '"\\uD800\\uDBFF"',
  ],
  ...[
    '"\\x"',
    '"\\u12"',
    '"\\u00zz"',
    '"\\""',
    '"\\\\"',
    '"\\/"',
    '"\\b\\f\\n\\r\\t"',
    '"\\u0000"',
    '"\\u001F"',
    '"\\u"',
  ],
  ...['"\x00"', '"\x1f"', '"\n"', '"\t"', '"\x7f"', '"\xc3\xa9"', '"\xe2\x82\xac"', '"\xf0\x9f\x98\x80"'],
  ...[
    '"\xff"',
    '"\xc0\x80"',
    '"\xed\xa0\x80"',
    '"\xf4\x90\x80\x80"',
    '"\xe2\x82"',
    '"\xc3"',
    '"\x80"',
    '"\xef\xbb\xbf"',
  ],
  ...["null", "1", "[]", "{}", "'a'", "a"],
];

const DTYPES = [
  ...[
    "BOOL",
    "F4",
    "F6_E2M3",
    "F6_E3M2",
    "U8",
    "I8",
    "F8_E5M2",
    "F8_E4M3",
    "F8_E8M0",
    "F8_E4M3FNUZ",
    "F8_E5M2FNUZ",
  ],
  ...["I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64"],
];

const SHAPES = [
  ...[
    "[]",
    "[0]",
    "[1]",
    "[2]",
    "[1,1]",
    "[0,0]",
    "[8]",
    "[4,2]",
    "[16]",
    "[1,1,1,1,1,1,1,1]",
    "[3]",
    "[5]",
    "[7]",
  ],
  ...["[1099511627776,1099511627776,0]", "[0,1099511627776,1099511627776]", "[4294967296,4294967296]"],
  ...[
    "[4294967296,1073741824,0]",
    "[0,18446744073709551615]",
    "[0,9007199254740993]",
    "[2305843009213693952]",
  ],
  ...[
    "[2305843009213693951]",
    "[9007199254740993]",
    "[18446744073709551615]",
    "[18446744073709551616]",
    "[1,]",
  ],
];

const SPACES = [
  " ",
  "\n",
  "\t",
  "\r",
  "  ",
  "\f",
  "\v",
  "\xc2\xa0",
  "\xef\xbb\xbf",
  "\x00",
  "\u0085",
  "/**/",
  "//\n",
];

/** The file with one to three mutations. */
export function mutate(random: Random, file: FileParts, others: readonly FileParts[]): FileParts {
  let { header, dataBytes } = file;
  for (let n = random.pick([1, 1, 1, 1, 2, 2, 3]); n > 0; n--) {
    const kind = random.below(100);
    if (kind < 4) dataBytes = Math.max(0, dataBytes + random.pick([-9, -8, -4, -1, 1, 3, 8, 24]));
    else if (kind < 10) header = flipBytes(random, header);
    else if (kind < 14) header = cutAndPaste(random, header);
    else if (kind < 16) header = splice(random, header, random.pick(others).header);
    else header = mutateTokens(random, header);
  }
  const length = random.chance(0.97)
    ? BigInt(header.length)
    : random.pick([
        BigInt(header.length + random.pick([-2, -1, 1, 2, 8, dataBytes, dataBytes + 1])),
        ...[
          0n,
          1n,
          8n,
          100_000_000n,
          100_000_001n,
          2n ** 31n,
          2n ** 32n,
          2n ** 53n,
          2n ** 63n,
          2n ** 64n - 1n,
        ],
      ]);
  return { length: BigInt.asUintN(64, length), header, dataBytes };
}

/** The bytes of the file; its data are zeros. One in a hundred is cut short. */
export function assemble(random: Random, { length, header, dataBytes }: FileParts): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + header.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  for (let i = 0; i < header.length; i++) bytes[8 + i] = header.charCodeAt(i);
  return random.chance(0.01) ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
}

function flipBytes(random: Random, header: string): string {
  let flipped = header;
  for (let n = random.pick([1, 1, 2, 4]); n > 0 && header.length > 0; n--) {
    const at = random.below(header.length);
    const old = header.charCodeAt(at);
    const byte = random.chance(0.5)
      ? old ^ (1 << random.below(8))
      : random.pick([random.below(256), 0x30, 0x2c, 0x22, 0x5c, 0x7b, 0x7d]);
    flipped = flipped.slice(0, at) + String.fromCharCode(byte) + flipped.slice(at + 1);
  }
  return flipped;
}

function cutAndPaste(random: Random, header: string): string {
  const from = random.below(header.length + 1);
  const to = Math.min(header.length, from + random.pick([1, 2, 5, 20, 80]));
  const at = random.below(header.length + 1);
  return random.pick([
    header.slice(0, from) + header.slice(to),
    header.slice(0, at) + header.slice(from, to) + header.slice(at),
    header.slice(0, from),
    header.slice(to),
  ]);
}

function splice(random: Random, header: string, other: string): string {
  return header.slice(0, random.below(header.length + 1)) + other.slice(random.below(other.length + 1));
}

function mutateTokens(random: Random, header: string): string {
  const tokens = header.match(TOKEN) ?? [];
  if (tokens.length === 0) return random.pick(["{}", "[]", "null", " {} ", "{"]);
  const at = (matches: (token: string) => boolean): number => {
    const places = tokens.flatMap((token, i) => (matches(token) ? [i] : []));
    return places.length === 0 ? random.below(tokens.length) : random.pick(places);
  };
  const isNumber = (token: string) => /^[0-9]/.test(token);
  const isString = (token: string) => token.startsWith('"');
  const spans = valueSpans(tokens);
  const span = spans.length > 0 ? random.pick(spans) : { key: 0, start: 0, end: 1 };
  const value = tokens.slice(span.start, span.end).join("");
  switch (random.below(16)) {
    case 0:
      tokens[at(isNumber)] = random.pick(NUMBERS);
      break;
    case 1: {
      const i = at(isNumber);
      tokens[i] = String(
        BigInt(/^[0-9]+$/.test(tokens[i]!) ? tokens[i]! : "0") + BigInt(random.pick([-8, -4, -1, 1, 4, 8])),
      );
      break;
    }
    case 2: {
      // The same number at another place: ends and begins that agree where they should not.
      tokens[at(isNumber)] = tokens[at(isNumber)]!;
      break;
    }
    case 3:
      tokens[at(isString)] = random.pick(STRINGS);
      break;
    case 4:
      tokens[at(isString)] = tokens[at(isString)]!;
      break;
    case 5: {
      // A string spelled with escapes reads the same.
      const i = at((token) => isString(token) && !token.includes("\\"));
      tokens[i] = tokens[i]!.replace(/[ -!#-[\]-~]/g, (char) =>
        random.chance(0.3) ? `\\u00${char.charCodeAt(0).toString(16)}` : char,
      );
      if (!tokens[i]!.endsWith('"')) tokens[i] = '"\\u0041"';
      break;
    }
    case 6:
      tokens[at((token) => /^"(BOOL|F4|[A-Z]+[0-9]+.*)"$/.test(token))] = `"${random.pick(DTYPES)}"`;
      break;
    case 7:
      tokens.splice(span.start, span.end - span.start, random.pick(SHAPES));
      break;
    case 8:
      tokens.splice(random.below(tokens.length + 1), 0, random.pick(SPACES));
      break;
    case 9:
      // A member of an object once more, there or elsewhere in the header.
      tokens.splice(random.chance(0.5) ? span.key : span.end, 0, ...tokens.slice(span.key, span.end), ",");
      break;
    case 10:
      // A member left out, with or without its comma.
      tokens.splice(span.key, span.end - span.key + (random.chance(0.8) ? 1 : 0));
      break;
    case 11:
      tokens.splice(
        span.start,
        span.end - span.start,
        random.pick([`[${value}]`, `{"x":${value}}`, `[${value},${value}]`, `{${value}:null}`]),
      );
      break;
    case 12:
      tokens.splice(span.key, 0, `"${random.pick(["x", "y", "dtype", "extra"])}":${randomValue(random, 3)},`);
      break;
    case 13: {
      const other = random.pick(spans.length > 0 ? spans : [span]);
      tokens.splice(span.start, span.end - span.start, tokens.slice(other.start, other.end).join(""));
      break;
    }
    case 14:
      // An entry as the array that a derived reader takes too.
      tokens.splice(
        span.start,
        span.end - span.start,
        value.replace(/"(dtype|shape|data_offsets)":/g, "").replace(/^\{(.*)\}$/s, "[$1]"),
      );
      break;
    default:
      tokens.splice(span.start, span.end - span.start, randomValue(random, 2));
  }
  return tokens.join("");
}

interface Span {
  /** Tokens from the member's key, or from the value itself in an array. */
  readonly key: number;
  readonly start: number;
  readonly end: number;
}

/** Where the values of objects and arrays stand, as token numbers; white space and damage make for odd ones. */
function valueSpans(tokens: readonly string[]): Span[] {
  const spans: Span[] = [];
  const open: number[] = [];
  const add = (start: number, end: number) => {
    const isMember = tokens[start - 1] === ":";
    spans.push({ key: isMember ? Math.max(0, start - 2) : start, start, end });
  };
  tokens.forEach((token, i) => {
    if (token === "{" || token === "[") open.push(i);
    else if (token === "}" || token === "]") {
      const start = open.pop();
      if (start !== undefined && start > 0) add(start, i + 1);
    } else if (/^["0-9a-z-]/i.test(token) && tokens[i + 1] !== ":") add(i, i + 1);
  });
  return spans;
}

function randomValue(random: Random, depth: number): string {
  switch (random.below(depth > 0 ? 7 : 4)) {
    case 0:
      return random.pick(NUMBERS);
    case 1:
      return random.pick(STRINGS);
    case 2:
      return random.pick(["null", "true", "false", "nul", "True"]);
    case 3: {
      const levels = random.pick([1, 2, 10, 120, 123, 124, 125, 126, 127, 128, 129, 200]);
      return random.chance(0.5)
        ? "[".repeat(levels) + "]".repeat(levels)
        : `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
    }
    case 4:
      return `[${randomValue(random, depth - 1)},${randomValue(random, depth - 1)}]`;
    case 5:
      return `{${random.pick(STRINGS)}:${randomValue(random, depth - 1)},${random.pick(STRINGS)}:1}`;
    default:
      return `{"dtype":"${random.pick(DTYPES)}","shape":${random.pick(SHAPES)},"data_offsets":[${random.below(20)},${random.below(40)}]}`;
  }
}
