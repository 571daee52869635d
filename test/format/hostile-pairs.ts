import type { ErrorCode } from "../../src/base/errors.ts";
import { assembleFile, type HostileFile } from "./hostile-files.ts";

/** A file in the making, valid unless a rule breaks it. */
interface Draft {
  dtypes: string[];
  shapes: string[];
  offsets: [string, string][];
  dataBytes: number;
  text: (text: string) => string;
  end: number;
  length: bigint | undefined;
  cut: number | undefined;
}

/** A way to break one rule. */
interface Break {
  readonly name: string;
  readonly code: ErrorCode;
  /** What it changes: two that change the same can't go together. */
  readonly part: string;
  readonly apply: (draft: Draft) => void;
}

const NAMES = ["a", "b", "c"];

/** In the reference implementation's order of checks. */
const BREAKS: readonly Break[] = [
  broken("HeaderTooSmall", "seven bytes", "cut", (draft) => {
    draft.cut = 7;
  }),
  broken("HeaderTooLarge", "a length over the limit", "length", (draft) => {
    draft.length = 100_000_001n;
  }),
  broken("InvalidHeaderLength", "a length past the end", "length", (draft) => {
    draft.length = 100_000n;
  }),
  broken("InvalidHeader", "invalid UTF-8", "bytes", (draft) => {
    draft.end = 0xff;
  }),
  broken("InvalidHeaderDeserialization", "no JSON", "text", (draft) => {
    draft.text = (text) => `${text}]`;
  }),
  broken("InvalidHeaderDeserialization", "an unknown dtype", "size of a", ({ dtypes }) => {
    dtypes[0] = "F128";
  }),
  broken("InvalidHeaderDeserialization", "a size that is no integer", "size of b", ({ shapes }) => {
    shapes[1] = "[4.0]";
  }),
  broken("InvalidHeaderDeserialization", "an offset of -0", "start of c", ({ offsets }) => {
    offsets[2]![0] = "-0";
  }),
  ...NAMES.flatMap((name, i) => [
    broken("InvalidOffset", `a wrong start of ${name}`, `start of ${name}`, ({ offsets }) => {
      offsets[i]![0] = `${4 * i + 1}`;
    }),
    broken("ValidationOverflow", `an overflow in ${name}`, `size of ${name}`, ({ shapes }) => {
      shapes[i] = "[4294967296,4294967296]";
    }),
    broken("MisalignedSlice", `half a byte in ${name}`, `size of ${name}`, ({ dtypes, shapes }) => {
      dtypes[i] = "F4";
      shapes[i] = "[7]";
    }),
    broken("TensorInvalidInfo", `a size too many in ${name}`, `size of ${name}`, ({ shapes }) => {
      shapes[i] = "[5]";
    }),
  ]),
  broken("MetadataIncompleteBuffer", "bytes left over", "data", (draft) => {
    draft.dataBytes += 3;
  }),
];

function broken(code: ErrorCode, name: string, part: string, apply: (draft: Draft) => void): Break {
  return { name, code, part, apply };
}

/** A file with one or two rules broken; the first of `codes` is that of the error. */
export interface BrokenFile extends HostileFile {
  readonly codes: readonly ErrorCode[];
}

/** Every rule broken alone, and every two of them that can be broken together. */
export function hostilePairs(): BrokenFile[] {
  return BREAKS.flatMap((first, i) => {
    const others = BREAKS.slice(i + 1).filter(({ part }) => part !== first.part);
    return [[first], ...others.map((second) => [first, second])].map((both) => {
      const draft = valid();
      for (const { apply } of both) apply(draft);
      const name = both.map((one) => one.name).join(" and ");
      return { name, bytes: render(draft), code: first.code, codes: both.map(({ code }) => code) };
    });
  });
}

function valid(): Draft {
  return {
    dtypes: ["U8", "U8", "U8"],
    shapes: ["[4]", "[4]", "[4]"],
    offsets: [
      ["0", "4"],
      ["4", "8"],
      ["8", "12"],
    ],
    dataBytes: 12,
    text: (text) => text,
    end: 0x20,
    length: undefined,
    cut: undefined,
  };
}

function render(draft: Draft): Uint8Array<ArrayBuffer> {
  const entries = NAMES.map((name, i) => {
    return `"${name}":{"dtype":"${draft.dtypes[i]}","shape":${draft.shapes[i]},"data_offsets":[${draft.offsets[i]}]}`;
  });
  const text = new TextEncoder().encode(draft.text(`{${entries.join(",")}}`));
  const header = Uint8Array.of(...text, draft.end);
  return assembleFile(header, draft.dataBytes, draft.length).slice(0, draft.cut);
}
