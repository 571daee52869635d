// What the short page asks, and the rows that answer it.
import type { Rows } from "./goals.ts";
import type { WorkloadName } from "./workload.ts";

/** A question, and the line of its table that each set of rows makes. */
export interface Question {
  readonly title: string;
  readonly lines: readonly (readonly [what: string, against: string, rows: Rows])[];
}

const line = (
  what: string,
  against: string,
  workload: WorkloadName,
  whats?: RegExp,
  againsts?: RegExp,
): Question["lines"][number] => [
  what,
  against,
  { workload, ...(whats && { what: whats }), ...(againsts && { against: againsts }) },
];

export const QUESTIONS: readonly Question[] = [
  {
    title: "Loading",
    lines: [
      line("`loadFile` of 1 GiB", "npm packages, after `readFile`", "load", /`loadFile`/, /jax-js|npm/),
      line("`loadFile` of 1 GiB", "four bare reads", "load", /`loadFile`/, /4 at a time/),
      line(
        "`loadFile` of small tensors",
        "npm packages, after `readFile`",
        "many",
        /`loadFile`/,
        /jax-js|npm/,
      ),
      line("`loadFile` of small tensors", "Python `safetensors.numpy`", "many", /`loadFile`/, /numpy/),
    ],
  },
  {
    title: "Saving",
    lines: [
      line("`saveFile` of 1 GiB, not flushed", "bare write of one block", "save", /not flushed/, /one block/),
      line("`saveFile` of 1 GiB, flushed", "bare write of one block", "save", /, flushed/, /one block/),
      line("a lazy tree to another store", "bare ranges and parts", "copy"),
    ],
  },
  {
    title: "Opening",
    lines: [
      line("parse, check, names", "`JSON.parse`", "open", /^header/, /as a string/),
      line("`openSafetensors`", "Python `safe_open().keys()`", "open", /openSafetensors/, /Python/),
      line("the same over HTTP", "`@huggingface/hub`", "one", undefined, /hub/),
    ],
  },
  {
    title: "Trees",
    lines: [
      line("`pytree2dict`", "a bare walk", "trees", /^`pytree2dict`/, /^bare walk$/),
      line("`dict2pytree`", "a bare walk", "trees", /^`dict2pytree`/, /^bare walk$/),
      line("`setWeights`", "a bare walk", "trees", /^`setWeights`/, /^bare walk$/),
      line("`setWeights`", "bare walks that report first", "trees", /^`setWeights`/, /^bare walks/),
      line("all three", "the Python package", "trees", undefined, /^Python/),
    ],
  },
  {
    title: "Conversions",
    lines: [
      line("to float32, memory that is there", "NumPy", "convert", /→ F32.*(that is there|warm)/, /NumPy/),
      line("from float32, memory that is there", "NumPy", "convert", /^F32.*(that is there|warm)/, /NumPy/),
      line("to float32, fresh memory", "a copy", "convert", /→ F32$/, /set/),
      line("from float32, fresh memory", "a copy", "convert", /^F32 → \S+$/, /set/),
    ],
  },
  {
    title: "Python",
    lines: [
      line("loading a tree", "the Python package", "python", /`load/, /Python package/),
      line("loading a tree", "`safetensors.numpy`", "python", /`load/, /numpy/),
      line("saving a tree", "the Python package", "python", /`save/, /Python package/),
      line("saving a tree", "`safetensors.numpy`", "python", /`save/, /numpy/),
      line("loading and saving", "Equinox, Flax", "python", undefined, /Equinox|Flax/),
    ],
  },
  {
    title: "Training",
    lines: [
      line("how long a save blocks", "one copy of every leaf", "training", /until/, /copy/),
      line("how long a save blocks", "Orbax", "training", /until/, /Orbax/),
      line("training while it is written", "training alone", "training", /^steps/, /alone/),
    ],
  },
  {
    title: "The command line",
    lines: [
      line("`p2s tree` of a small file", "`node -e 0`", "cli", /^start/),
      line("`p2s stats`", "NumPy", "cli", /`stats`/),
      line("`p2s diff`", "NumPy", "cli", /`diff`/),
      line("`p2s convert`", "`safe_open` and ml_dtypes", "cli", /`convert`/),
    ],
  },
  {
    title: "Browsers",
    lines: [
      line("loading a `Blob`", "`arrayBuffer()`", "browser", /^Blob.*`load/, /^`arrayBuffer\(\)`$/),
      line("loading a `Blob`", "a bare loop", "browser", /^Blob.*`load/, /loop/),
      line("loading over HTTP", "`fetch` and `arrayBuffer()`", "browser", /^HTTP/),
      line("loading from OPFS", "`arrayBuffer()`", "browser", /^OPFS.*`load/),
      line("saving to OPFS", "a bare `createWritable`", "browser", /^OPFS.*`save/),
    ],
  },
];
