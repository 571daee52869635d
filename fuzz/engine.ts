import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { Random } from "../interop/mutate.ts";
import { changes, recordPrototypes } from "../test/reliability/prototypes.ts";
import { takeCoverage } from "./coverage.ts";
import { mutate } from "./mutations.ts";
import { TARGETS, type Target } from "./targets.ts";

/** What the main thread gives the engine. */
export interface Job {
  readonly seed: number;
  readonly seconds: number;
  readonly runs: number;
  readonly targets: readonly string[];
  readonly corpus: Readonly<Record<string, readonly string[]>>;
  /** Where the engine notes what it is at: target, length, bytes; for when it hangs or dies. */
  readonly notes: SharedArrayBuffer;
}

/** What the engine says. */
export type Message =
  | { readonly kind: "crash"; readonly target: string; readonly input: string; readonly fault: string }
  | { readonly kind: "done"; readonly runs: number; readonly report: readonly string[] };

const BATCH = 50;
// Readers do some ten steps a byte; what does as many is looked at as a crash.
const MAX_WORK_PER_BYTE = 3_000;
const MAX_WORK = 200_000;
const MAX_MEMORY_BYTES = 400 * 2 ** 20;

const job = workerData as Job;
const random = new Random(job.seed);
const header = new Int32Array(job.notes, 0, 3);
const current = new Uint8Array(job.notes, 12);
const say = (message: Message) => parentPort!.postMessage(message);

class Campaign {
  readonly target: Target;
  readonly seen = new Set<string>();
  readonly corpus: string[] = [];
  readonly crashes = new Set<string>();
  runs = 0;

  constructor(target: Target) {
    this.target = target;
  }

  /** Runs the inputs that are there already; all of them stay. */
  async start(): Promise<void> {
    for (const input of ["", ...(job.corpus[this.target.name] ?? [])]) {
      await this.single(input);
      if (!this.corpus.includes(input)) this.corpus.push(input);
    }
  }

  async batch(): Promise<void> {
    const before = process.memoryUsage.rss();
    const inputs = Array.from({ length: BATCH }, () => mutate(random, random.pick(this.corpus), this.corpus));
    for (const input of inputs) await this.single(input);
    this.runs += BATCH;
    if (process.memoryUsage.rss() - before > MAX_MEMORY_BYTES)
      this.crash(inputs.join("\n\n"), `${BATCH} inputs take hundreds of megabytes`);
  }

  /** Runs one input with an eye on what it runs through; keeps it where that is new. */
  async single(input: string): Promise<void> {
    takeCoverage();
    await this.run(input);
    const { branches, work } = takeCoverage();
    if (work > MAX_WORK + MAX_WORK_PER_BYTE * input.length) this.crash(input, `takes ${work} steps`);
    let isNew = false;
    for (const branch of branches) {
      if (this.seen.has(branch)) continue;
      isNew = true;
      this.seen.add(branch);
    }
    if (isNew) this.corpus.push(input);
  }

  async run(input: string): Promise<void> {
    const bytes = Uint8Array.from(input, (letter) => letter.charCodeAt(0));
    header[0] = TARGETS.indexOf(this.target);
    header[1] = bytes.length;
    current.set(bytes);
    Atomics.add(header, 2, 1);
    try {
      await this.target.run(bytes);
    } catch (error) {
      this.crash(input, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
  }

  crash(input: string, fault: string): void {
    // One of each kind.
    const kind = createHash("sha256")
      .update(fault.replace(/\d+|"[^"]*"/g, ""))
      .digest("hex");
    if (this.crashes.has(kind)) return;
    this.crashes.add(kind);
    say({ kind: "crash", target: this.target.name, input, fault });
  }

  summary(): string {
    const branches = new Set([...this.seen].map((branch) => branch.replace(/\+*$/, ""))).size;
    return `${this.target.name}: ${this.runs} mutants, ${branches} branches reached, ${this.corpus.length} inputs kept, ${this.crashes.size} crashes`;
  }
}

const campaigns = TARGETS.filter(({ name }) => job.targets.includes(name)).map(
  (target) => new Campaign(target),
);
for (const campaign of campaigns) await campaign.start();
const before = recordPrototypes([]);
const end = performance.now() + job.seconds * 1000;
const total = () => campaigns.reduce((sum, { runs }) => sum + runs, 0);
while (performance.now() < end && total() < job.runs) {
  for (const campaign of campaigns) await campaign.batch();
}
for (const change of changes(before, recordPrototypes([])))
  say({ kind: "crash", target: "prototypes", input: change, fault: `${change} has changed` });
say({ kind: "done", runs: total(), report: campaigns.map((campaign) => campaign.summary()) });
