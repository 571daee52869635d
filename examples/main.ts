// Runs examples/training.ts twice: undisturbed, and killed in the middle and started again. Both must have the same
// curve of losses, to the last digit. Run it with `npm start`.
import { spawn } from "node:child_process";
import { readdir, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openSafetensors } from "pytree2safetensors";

const GOAL = 0.93;
const PROGRAM = fileURLToPath(new URL("training.ts", import.meta.url));
const OUT = relative(".", fileURLToPath(new URL("out", import.meta.url)));
// In the middle of the run, a few steps after a checkpoint.
const KILL_AT = 312;

const started = performance.now();
await rm(OUT, { recursive: true, force: true });

console.log("1. A run that nobody disturbs");
const whole = await run(join(OUT, "undisturbed"));

console.log(`\n2. The same run, killed at step ${KILL_AT}`);
const folder = join(OUT, "killed");
const first = await run(folder, KILL_AT);
console.log(`  killed; ${folder} holds ${(await readdir(folder)).sort().join(", ")}`);

console.log("\n3. A fresh process goes on");
const second = await run(folder);
const curve = new Map([...first.losses, ...second.losses]);
const different = [...whole.losses].filter(([step, loss]) => curve.get(step) !== loss);
if (curve.size !== whole.losses.size || different.length > 0 || second.accuracy !== whole.accuracy)
  fail(`The curves differ: at ${different.length} of ${whole.losses.size} steps.`);
console.log(`  ${curve.size} losses, each the same to the last digit as the undisturbed run's`);

console.log(`\n4. What ${folder} holds`);
for (const name of (await readdir(folder)).sort()) {
  const path = join(folder, name);
  const file = await openSafetensors(path);
  const { loss, accuracy } = JSON.parse(file.metadata["pytree2safetensors.metrics"]!);
  const size = `${file.names.length} tensors, ${((await stat(path)).size / 1e6).toFixed(1)} MB`;
  console.log(`  ${name}  ${size}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}`);
  await file.close();
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `\nHeld-out accuracy ${percent(second.accuracy)} after ${seconds} s; the checkpoints are in ${folder}`,
);
if (second.accuracy < GOAL) fail(`That is less than the ${percent(GOAL)} that this example is to reach.`);

/** What a run printed. */
interface Run {
  /** The losses by step, every digit of them. */
  readonly losses: ReadonlyMap<number, string>;
  readonly accuracy: number;
}

/** Trains in a process of its own, which is killed when it comes to a step. */
async function run(folder: string, killAt = Number.POSITIVE_INFINITY): Promise<Run> {
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const losses = new Map<number, string>();
  let accuracy = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, step, loss] = /^step (\d+) loss (\S+)$/.exec(line) ?? [];
    if (step !== undefined) losses.set(Number(step), loss!);
    if (Number(step) >= killAt) child.kill("SIGKILL");
    if (line.startsWith("resumed")) console.log(`  ${line}`);
    if (!line.startsWith("accuracy")) continue;
    accuracy = Number(line.slice("accuracy ".length));
    const at = [...losses.keys()].at(-1)!;
    if (at % 100 === 0) console.log(`  step ${at}  loss ${losses.get(at)}  accuracy ${percent(accuracy)}`);
  }
  const code = await ended;
  if (code !== 0 && !child.killed) fail(`The training program ended with code ${code}.`);
  return { losses, accuracy };
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
