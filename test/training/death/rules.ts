// What the killed programs and those who look after them agree on.
import { join } from "node:path";
import type { KeepRules, Metrics } from "../../../src/training/index.node.ts";

/** The rules of the killed programs. */
export const KEEP: KeepRules = { last: 2, every: 50, best: { metric: "loss", mode: "min", count: 2 } };

/** The programs say of every so many steps that they are on the disk. */
export const UNSAID = 3;

/** The metrics of a step: up and down, so that the best changes. */
export function metricsOf(step: number): Metrics {
  return { loss: Math.sin(step * 12.9898) * 100 };
}

/** Where a program keeps one of its runs. */
export function folderOf(parent: string, index: number): string {
  return join(parent, `run-${index}`);
}
