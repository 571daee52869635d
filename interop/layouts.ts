import { writeFileSync } from "node:fs";
import { type LayoutEntry, planLayout } from "../src/format/layout/layout.ts";
import { DTYPE_NAMES, DTYPES } from "../src/tensor/dtypes.ts";
import { byteLengthOf } from "../src/tensor/size.ts";
import { referenceEntries } from "../test/format/reference-entries.ts";
import type { Random } from "./mutate.ts";
import { type ReferenceTensor, writeWithReference } from "./reference.ts";

interface Request {
  readonly entries: readonly LayoutEntry[];
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

const PARTS = [
  "a",
  "b",
  "layers",
  "#",
  "#1",
  "#10",
  ".",
  "@",
  "w",
  "é",
  "\u{1f600}",
  "\uff5e",
  "\u4e2d",
  '"',
  "\\",
  "\n",
  "\u0000",
  "\x7f",
  "/",
  " ",
];
const SIZES = [0, 1, 2, 3, 4, 5, 8, 100];

/** Random layouts, F4, F6 and FNUZ types among them: the number of those whose bytes are not the reference's. */
export function differentLayouts(random: Random, count: number): number {
  const requests = Array.from({ length: count }, () => randomRequest(random));
  const files = writeFiles(requests);
  return requests.filter(({ entries, metadata }, i) => {
    const { head, order, totalBytes } = planLayout(entries, metadata);
    const file = files[i]!;
    let at = head.length;
    const sameData = [...order].every((index) => {
      const { byteLength, fill } = tensorOf(entries[index]!, index);
      at += byteLength;
      return file.subarray(at - byteLength, at).every((byte) => byte === fill);
    });
    return !(sameData && totalBytes === file.length && file.subarray(0, head.length).equals(head));
  }).length;
}

/** Writes the golden file of `test/fixtures/reference`. */
export function writeGoldenLayout(): void {
  const [file] = writeFiles([referenceEntries()]);
  writeFileSync(new URL("../test/fixtures/reference/every-dtype.safetensors", import.meta.url), file!);
}

function writeFiles(requests: readonly Request[]): Buffer[] {
  return writeWithReference(
    requests.map(({ entries, metadata }) => ({ metadata, tensors: entries.map(tensorOf) })),
  );
}

function tensorOf(entry: LayoutEntry, index: number): ReferenceTensor {
  return { ...entry, byteLength: byteLengthOf(entry.dtype, entry.shape), fill: index % 251 };
}

function randomRequest(random: Random): Request {
  const text = () => Array.from({ length: random.below(5) }, () => random.pick(PARTS)).join("");
  const names = new Set(Array.from({ length: random.below(12) }, text));
  const entries = [...names].map((name): LayoutEntry => {
    const dtype = random.pick(DTYPE_NAMES);
    const shape = Array.from({ length: random.below(4) }, () => random.pick(SIZES));
    return { name, dtype, shape: DTYPES[dtype].bits < 8 ? [...shape, 4] : shape };
  });
  const metadata = random.pick([undefined, {}, { [text()]: text() }]);
  // For no tensors and metadata without keys the reference writes `{},"__metadata__":{}}`, which nobody can read:
  // it promises its JSON writer a map of 0 entries and then adds one.
  const broken = entries.length === 0 && metadata !== undefined && Object.keys(metadata).length === 0;
  return { entries, metadata: broken ? undefined : metadata };
}
