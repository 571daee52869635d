import type { Digits } from "./data.ts";
import { EPOCHS, evaluate, type Metrics, type TrainState, trainEpoch } from "./train.ts";

/** Trains until epoch `last`, evaluates on the held-out digits after each one, and shows it all. */
export function trainUntil(
  last: number,
  state: TrainState,
  digits: { train: Digits; heldOut: Digits },
): void {
  while (state.epoch < last) {
    const label = `  epoch ${String(state.epoch + 1).padStart(2)}/${EPOCHS}`;
    const start = performance.now();
    const loss = trainEpoch(state, digits.train, (part) => drawBar(label, part));
    state.metrics = evaluate(state, digits.heldOut);
    clearBar();
    console.log(
      `${label}  training loss ${loss.toFixed(4)}  held-out accuracy ${percent(state.metrics.accuracy)}  ${seconds(start)}`,
    );
  }
}

/** Both metrics, every digit of them. */
export function exactly({ accuracy, loss }: Metrics): string {
  return `accuracy ${accuracy}, loss ${loss}`;
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`;
}

/** The time since `start`, a reading of `performance.now()`. */
export function seconds(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** The time since `start` in milliseconds. */
export function milliseconds(start: number): string {
  return `${(performance.now() - start).toFixed(0)} ms`;
}

const WIDTH = 40;
let drawn = -1;

// A terminal gets a bar in place; a log file would get one line per redraw, so it gets none.
function drawBar(label: string, part: number): void {
  const filled = Math.round(part * WIDTH);
  if (!process.stdout.isTTY || filled === drawn) return;
  drawn = filled;
  process.stdout.write(`\r${label}  ${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`);
}

function clearBar(): void {
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
  drawn = -1;
}
