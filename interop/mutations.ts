import { type Fault, isPytree2SafetensorsError } from "../src/base/errors.ts";
import { type Header, parseHeader } from "../src/format/header/header.ts";
import { headerLength, PREFIX_BYTES } from "../src/format/header/prefix.ts";
import { hostileFiles } from "../test/format/hostile-files.ts";
import { hostilePairs } from "../test/format/hostile-pairs.ts";
import { differentLayouts, writeGoldenLayout } from "./layouts.ts";
import { assemble, mutate, Random } from "./mutate.ts";
import { baseFiles } from "./mutation-bases.ts";
import { Reference, type ReferenceAnswer } from "./reference.ts";

/*
 * Mutated files, read by the reference implementation and by us: the same are refused, with the same code, and the
 * same are read, equal in every value. What we refuse on purpose though the reference takes it is listed here by
 * name and counted.
 *
 *     tsx interop/mutations.ts [--count 5000] [--seed 1] [--golden]
 *
 * `--golden` first writes the golden file of `test/fixtures/reference` anew.
 */

/** What we refuse that the reference takes; `applies` recognises it in the fault that we report. */
const DEPARTURES: readonly { readonly name: string; readonly applies: (fault: Fault) => boolean }[] = [
  { name: "duplicate key", applies: ({ found }) => /\btwice\b/.test(found ?? "") },
  {
    name: "entry written as an array",
    applies: ({ expected, found }) =>
      expected?.startsWith("an object with dtype") === true && found?.[1] === "[",
  },
  {
    name: "dtype written as an object",
    applies: ({ expected, found }) => expected === "a dtype name" && found?.[1] === "{",
  },
  {
    name: "size of 2^53 or more in an empty tensor",
    applies: ({ expected }) => expected === "sizes up to 2^53 - 1",
  },
];

const BATCH = 500;

type Ours = { readonly header: Header } | { readonly code: string; readonly faults: readonly Fault[] };

const { count, seed } = parseArguments(process.argv.slice(2));
if (process.argv.includes("--golden")) writeGoldenLayout();
const tally = new Map<string, number>();
const failures: string[] = [];
const random = new Random(seed);
const bases = baseFiles();
const reference = new Reference();

// The corpus of hostile files first: the codes that it expects are the reference's, departures apart.
const corpus = [...hostileFiles(), ...hostilePairs()];
const corpusAnswers = await reference.read(corpus.map(({ bytes }) => bytes));
corpus.forEach(({ name, bytes, departure }, i) => {
  const ours = read(bytes);
  const verdict = compare(ours, corpusAnswers[i]!);
  const declared =
    departure === undefined ? !verdict.startsWith("departure") : verdict === `departure: ${departure}`;
  if (verdict.startsWith("DIFFERENT") || !declared) {
    failures.push(`corpus, ${name}: ${describe(bytes, ours, corpusAnswers[i]!, verdict)}`);
  }
});
console.log(`${String(corpus.length).padStart(8)}  files of the hostile corpus`);

// And what we write, for the dtypes that Python's bindings can't.
const layouts = Math.ceil(count / 10);
const different = differentLayouts(random, layouts);
if (different > 0) failures.push(`${different} of ${layouts} random layouts are not the reference's`);
console.log(`${String(layouts).padStart(8)}  random layouts written by both`);

for (let done = 0; done < count && failures.length < 10; done += BATCH) {
  const files = Array.from({ length: Math.min(BATCH, count - done) }, () =>
    assemble(random, mutate(random, random.pick(bases), bases)),
  );
  const answers = await reference.read(files);
  files.forEach((file, i) => {
    const answer = answers[i]!;
    const ours = read(file);
    const verdict = compare(ours, answer);
    if (verdict.startsWith("DIFFERENT"))
      failures.push(`file ${done + i}: ${describe(file, ours, answer, verdict)}`);
    tally.set(verdict, (tally.get(verdict) ?? 0) + 1);
  });
}
reference.close();

for (const [verdict, files] of [...tally].sort()) console.log(`${String(files).padStart(8)}  ${verdict}`);
if (failures.length > 0) {
  console.error(`seed ${seed}\n${failures.join("\n")}`);
  process.exitCode = 1;
}

function read(file: Uint8Array): Ours {
  try {
    const length = headerLength(file, file.length);
    return { header: parseHeader(file.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file.length, file) };
  } catch (error) {
    if (!isPytree2SafetensorsError(error)) throw error;
    return { code: error.code, faults: error.faults };
  }
}

function compare(ours: Ours, answer: ReferenceAnswer): string {
  if ("header" in ours) {
    if (answer.error !== undefined) return "DIFFERENT: only the reference refuses";
    const difference = compareValues(ours.header, answer);
    return difference ? `DIFFERENT: ${difference}` : "read by both, equal";
  }
  // The reference can be compiled to wrap around here, and then takes the file for a short one.
  if (answer.error === "panic" && ours.code === "MetadataIncompleteBuffer")
    return "offsets near 2^64 (the reference panics)";
  if (answer.error === ours.code) return `refused by both: ${ours.code}`;
  const departures = ours.faults.map((fault) => DEPARTURES.find(({ applies }) => applies(fault))?.name);
  const name = departures[0];
  if (name !== undefined && !departures.includes(undefined)) {
    return answer.error === undefined
      ? `departure: ${name}`
      : `departure: ${name} (refused by both, for two reasons)`;
  }
  // Tensors with the same offsets have no order among them: the reference's is that of a hash map.
  if (answer.error !== undefined && ours.faults.some(({ code }) => code === answer.error)) {
    return "refused by both: the order of faults in tensors of equal offsets";
  }
  return answer.error === undefined ? "DIFFERENT: only we refuse" : "DIFFERENT: codes";
}

function compareValues(
  header: Header,
  answer: ReferenceAnswer & { readonly error?: undefined },
): string | undefined {
  const { dataStart, tensors } = header;
  const found = tensors.map(({ name, dtype, shape, start, end }) => {
    return [name, dtype, shape, start - dataStart, end - dataStart] as const;
  });
  if (found.some(([, , , begin], i) => i > 0 && begin < found[i - 1]![3])) return "tensors out of order";
  const byName = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]) =>
    a[0] < b[0] ? -1 : 1;
  if (JSON.stringify([...found].sort(byName)) !== JSON.stringify([...answer.tensors].sort(byName)))
    return "tensors";
  const metadata = (of: Readonly<Record<string, string>> | null | undefined) =>
    JSON.stringify(of ? Object.entries(of).sort(byName) : null);
  return metadata(header.metadata) === metadata(answer.metadata) ? undefined : "metadata";
}

function describe(file: Uint8Array, ours: Ours, answer: ReferenceAnswer, verdict: string): string {
  const text = JSON.stringify(Buffer.from(file.subarray(0, 600)).toString("latin1"));
  const own = "header" in ours ? "read" : JSON.stringify(ours.faults.slice(0, 3));
  return `${verdict}\n  ours: ${own}\n  reference: ${JSON.stringify(answer).slice(0, 300)}\n  file of ${file.length} bytes: ${text}`;
}

function parseArguments(args: readonly string[]): { readonly count: number; readonly seed: number } {
  const value = (name: string, otherwise: number) => {
    const at = args.indexOf(`--${name}`);
    const number = at < 0 ? otherwise : Number(args[at + 1]);
    if (!Number.isSafeInteger(number) || number < 0)
      throw new Error(`--${name} must be a non-negative integer`);
    return number;
  };
  return { count: value("count", 5000), seed: value("seed", 1) };
}
