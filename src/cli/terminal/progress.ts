/** A bar on standard error for work that takes long. */
import { createLogUpdate } from "log-update";
import { formatBytes, formatShare } from "./sizes.ts";
import type { Terminal } from "./terminal.ts";
import { nameCell, pad, truncate } from "./text.ts";

/** Shows how far work is; nothing where standard error is not a terminal. */
export interface Progress {
  /** Says how far the work is, and what it is at. */
  update(done: number, total: number, name: string): void;
  /** Takes the bar away. */
  done(): void;
}

// Work that is over sooner needs no bar; more often than that nobody can see it move.
const SHOW_AFTER_MS = 400;
const REDRAW_MS = 80;
const BAR = 24;

/** A progress bar with a verb in front: `reading  ███████░░░  42 %  1.2 GB of 2.8 GB  layers#3`. */
export function openProgress(terminal: Terminal, verb: string): Progress {
  if (!terminal.stderr.isTTY) return { update() {}, done() {} };
  const log = createLogUpdate(terminal.stderr);
  const start = terminal.now();
  let drawn = 0;
  return {
    update(done, total, name) {
      const now = terminal.now();
      if (now - start < SHOW_AFTER_MS || now - drawn < REDRAW_MS) return;
      drawn = now;
      log(draw(terminal, verb, { done, total, name, ms: now - start }));
    },
    done() {
      if (drawn === 0) return;
      drawn = 0;
      log.clear();
      log.done(); // gives the cursor back
    },
  };
}

function draw(
  { errorColor, stderr, unicode }: Terminal,
  verb: string,
  { done, total, name, ms }: { done: number; total: number; name: string; ms: number },
): string {
  const full = Math.round((BAR * done) / Math.max(1, total));
  const [on, off] = unicode ? ["█", "░"] : ["#", "."];
  const bar = errorColor.cyan(on.repeat(full)) + errorColor.dim(off.repeat(BAR - full));
  const share = pad(formatShare(done, total), 6, "right");
  const left = done > 0 ? `${Math.ceil(((ms / done) * (total - done)) / 1000)} s left` : "";
  const text = `${verb}  ${bar} ${share}  ${formatBytes(done)} of ${formatBytes(total)}  ${left}  ${nameCell(name, 80)}`;
  return truncate(text, (stderr.columns || 80) - 1, unicode ? "…" : "~");
}

/** Adds up the work on many tensors for one bar. */
export class ProgressSum {
  readonly #progress: Progress;
  readonly #total: number;
  #done = 0;

  constructor(progress: Progress, total: number) {
    this.#progress = progress;
    this.#total = total;
  }

  add(amount: number, name: string): void {
    this.#done += amount;
    this.#progress.update(this.#done, this.#total, name);
  }
}
