// The jobs that people bundle the package for, and what each may cost them.

/** What a page imports for one job. */
export interface SizeJob {
  readonly what: string;
  /** The entry point, `"."` or `"./jax-js"`. */
  readonly entry: string;
  readonly names: readonly string[];
  /** The most bytes, minified and gzipped. */
  readonly ceiling: number;
  /** Texts of what the job doesn't need: finding one in the bundle means that something hangs together that shouldn't. */
  readonly without: readonly string[];
}

// Texts of the code, by what they stand for.
const HTTP = ["retry-after", "Content-Range"];
const SHARDS = ["weight_map"];
const KEY_STYLES = ["flat index"];
const TREES = ["PyTreeContainer"];
const WRITING = ["createWritable"];
const FRAMEWORK = ["this jax-js array"];

export const SIZE_JOBS: readonly SizeJob[] = [
  job(".", ["load"], 15_500, [...HTTP, ...SHARDS, ...KEY_STYLES, ...TREES, ...WRITING]),
  job(".", ["save"], 12_500, [...HTTP, ...SHARDS, ...KEY_STYLES, ...TREES, ...WRITING]),
  job(".", ["loadFile"], 32_000, [...KEY_STYLES, ...TREES, ...WRITING]),
  job(".", ["loadPytree"], 46_000, WRITING),
  job(".", ["savePytree"], 34_000, HTTP),
  job("./jax-js", ["loadPytree"], 47_000, WRITING),
  job("./jax-js", ["load"], 16_500, [...HTTP, ...SHARDS, ...KEY_STYLES, ...TREES, ...WRITING]),
  job("./tfjs", ["loadPytree"], 47_000, WRITING),
  job("./jax-js", ["pytree2dict", "dict2pytree"], 15_000, [...HTTP, ...SHARDS, ...WRITING, ...FRAMEWORK]),
];

function job(entry: string, names: readonly string[], ceiling: number, without: readonly string[]): SizeJob {
  const of = entry === "." ? "" : ` of ${entry.slice(1)}`;
  return { what: `{ ${names.join(", ")} }${of}`, entry, names, ceiling, without };
}

/** The code that a page has for a job: on the package by its name, or on its sources, `"./src"`. */
export function codeOf({ entry, names }: SizeJob, from: string): string {
  const source = entry === "." ? "index.ts" : `adapters/${entry.slice(2)}.ts`;
  const module = from.startsWith(".") ? `${from}/${source}` : from + entry.slice(1);
  return `export { ${names.join(", ")} } from "${module}";`;
}
