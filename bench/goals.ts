// The numbers to reach, as the design has them, and the rows that say whether they are reached.
import type { Comparison, Fact, Result } from "./report-types.ts";
import type { WorkloadName } from "./workload.ts";

/** Which rows: of a workload, those whose texts match. */
export interface Rows {
  readonly workload: WorkloadName;
  readonly what?: RegExp;
  /** For rows that compare; facts have none. */
  readonly against?: RegExp;
}

/** A goal of the design. */
export interface Goal {
  readonly what: string;
  readonly against: string;
  readonly rows: Rows;
  /** The least speed, for rows that compare. */
  readonly least?: number;
  /** The goal in words, for facts. */
  readonly reach?: string;
  /** The most that the facts' numbers may be, by what they are of; without it a fact says itself whether it is reached. */
  readonly most?: Readonly<Record<string, number>>;
}

const FOUR_READS = "four bare reads into fresh memory";
const NPM = /@jax-js\/loaders|`safetensors` \(npm\)/;

export const GOALS: readonly Goal[] = [
  {
    what: "load a 1 GiB file whole",
    against: "`readFile` + the parse of `@jax-js/loaders`",
    rows: { workload: "load", what: /`loadFile`/, against: /jax-js/ },
    least: 1.5,
  },
  {
    what: "load a 1 GiB file whole",
    against: FOUR_READS,
    rows: { workload: "load", what: /`loadFile`/, against: /^bare read, 4/ },
    least: 0.95,
  },
  {
    what: "load 50,000 to 1,000,000 small tensors",
    against: "every npm package that reads the format",
    rows: { workload: "many", what: /`loadFile`/, against: NPM },
    least: 1.5,
  },
  {
    what: "save 1 GiB, not flushed",
    against: "bare write of the same bytes",
    rows: { workload: "save", what: /not flushed/, against: /one block/ },
    least: 0.95,
  },
  {
    what: "save 1 GiB, flushed",
    against: "bare write of the same bytes",
    rows: { workload: "save", what: /, flushed/, against: /one block/ },
    least: 0.95,
  },
  {
    what: "save 1 GiB, not flushed",
    against: "the Python package",
    rows: { workload: "python", what: /GiB.*`savePytree`/, against: /Python package/ },
    least: 1.05,
  },
  {
    what: "memory beyond the tensors, saving 1 GiB",
    against: "",
    rows: { workload: "save", what: /^memory/ },
    reach: "≤ 16 MiB + header",
  },
  {
    what: "open (parse, check, names) 50,000 and 500,000 tensors",
    against: "`JSON.parse` of the same text",
    rows: { workload: "open", what: /^header/, against: /as a string/ },
    least: 2,
  },
  {
    what: "one tensor of a 10 GB file: bytes read",
    against: "",
    rows: { workload: "one", what: /bytes read in all/ },
    reach: "≤ header + tensor + 64 KiB",
  },
  {
    what: "one tensor of a 10 GB file: requests once open",
    against: "",
    rows: { workload: "one", what: /requests for a tensor/ },
    reach: "≤ 2",
  },
  {
    what: "`pytree2dict`, `dict2pytree`, `setWeights`, 10³ to 10⁶ leaves",
    against: "a bare walk that builds the same",
    rows: { workload: "trees", against: /^bare walk$/ },
    least: 0.7,
  },
  {
    what: "their growth with the leaves",
    against: "the bare walk's",
    rows: { workload: "trees", what: /time a leaf/ },
    reach: "no steeper",
  },
  {
    what: "conversions into memory that is there",
    against: "NumPy with ml_dtypes, likewise",
    rows: { workload: "convert", what: /that is there|warm|`into`/, against: /NumPy/ },
    least: 0.8,
  },
  {
    what: "load a tree",
    against: "the Python package, JAX on CPU",
    rows: { workload: "python", what: /`load/, against: /Python package/ },
    least: 1,
  },
  {
    what: "save a tree of 50,000 small leaves",
    against: "the Python package, JAX on CPU",
    rows: { workload: "python", what: /small.*`savePytree`/, against: /Python package/ },
    least: 1,
  },
  {
    what: "`CheckpointManager.save` until the program may go on",
    against: "one copy of every leaf, in at most 1.1 times its time",
    rows: { workload: "training", what: /until the program/, against: /copy/ },
    least: 1 / 1.1,
  },
  {
    what: "training while a checkpoint is written",
    against: "training alone",
    rows: { workload: "training", what: /^steps/, against: /alone/ },
    least: 0.9,
  },
  {
    what: "copy of 10 GB from store to store",
    against: "bare range reads and multipart writes",
    rows: { workload: "copy", against: /bare/ },
    least: 0.9,
  },
  {
    what: "memory of that copy",
    against: "",
    rows: { workload: "copy", what: /memory/ },
    reach: "≤ 64 MiB",
  },
  {
    what: "`p2s stats`, `convert`, `diff` of 1 GiB",
    against: "numpy and ml_dtypes doing the same",
    rows: { workload: "cli", what: /GiB|MiB/ },
    least: 1,
  },
  ...(
    [
      ["first paint of 100,000 tensors in 10 GB", /first paint/, "≤ 1.5 × `openSafetensors`"],
      ["memory over an empty page", /memory/, "≤ 100 MiB"],
      ["all of it, gzipped", /gzipped/, "≤ 150 kB"],
      ["statistics of 1 GiB", /statistics/, "≥ 0.5 × reading"],
    ] as const
  ).map(([what, rows, reach]) => ({
    what: `the page: ${what}`,
    against: "",
    rows: { workload: "page", what: rows } as const,
    reach,
  })),
  {
    what: "`{ load }`, `{ loadFile }`, `{ loadPytree }`, `{ savePytree }`, gzipped",
    against: "",
    rows: { workload: "size", what: /^\{ (load|loadFile|loadPytree|savePytree) \}$/ },
    reach: "≤ 11, 22, 28, 37 kB",
    most: { "{ load }": 11, "{ loadFile }": 22, "{ loadPytree }": 28, "{ savePytree }": 37 },
  },
  {
    what: "`{ loadPytree }` of jax-js, gzipped",
    against: "",
    rows: { workload: "size", what: /^\{ loadPytree \} of \/jax-js$/ },
    reach: "≤ 30 kB",
    most: { "{ loadPytree } of /jax-js": 30 },
  },
];

/** The rows of the results that compare. */
export function comparisonsOf(results: readonly Result[], rows: Rows): Comparison[] {
  return of(results, rows)
    .flatMap(({ comparisons = [] }) => comparisons)
    .filter((row) => matches(rows, row));
}

/** The facts among the results. */
export function factsOf(results: readonly Result[], rows: Rows): Fact[] {
  return of(results, rows)
    .flatMap(({ facts = [] }) => facts)
    .filter(({ what }) => rows.what?.test(what) ?? true);
}

/** The least speed that a row of a workload is to have, if there is a goal. */
export function leastSpeed(workload: WorkloadName, row: Comparison): number | undefined {
  const goal = GOALS.find(
    ({ rows, least }) => least !== undefined && rows.workload === workload && matches(rows, row),
  );
  return goal?.least ?? row.reach;
}

/** Whether a row that compares is below what it is to reach. Two digits are what is printed: 0.996 is 1.00. */
export function isBelow({ speed }: Comparison, least: number | undefined): boolean {
  return least !== undefined && typeof speed !== "string" && Number(speed.median.toFixed(2)) < rounded(least);
}

/** Whether a fact misses its goal, or the design's for it. */
export function isMissed({ what, got, ok }: Fact, most: Goal["most"]): boolean {
  return most === undefined ? ok === false : Number.parseFloat(got.replaceAll(",", "")) > most[what]!;
}

function of(results: readonly Result[], { workload }: Rows): Result[] {
  return results.filter((result) => result.workload === workload);
}

function matches({ what, against }: Rows, row: Comparison): boolean {
  return (what?.test(row.what) ?? true) && (against?.test(row.against) ?? true);
}

function rounded(least: number): number {
  return Number(least.toFixed(2));
}
