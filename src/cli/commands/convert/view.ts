import type { Dtype } from "../../../index.node.ts";
import { formatBytes, plural } from "../../terminal/sizes.ts";
import { formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, printable, wrap } from "../../terminal/text.ts";

/** A tensor that is written, and what it was. */
export interface PlanEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly bytes: number;
  readonly from: { readonly name: string; readonly dtype: Dtype; readonly bytes: number };
}

/** One line of what was written; for a dry run each tensor, with what changes in it. */
export function drawPlan(
  output: string,
  entries: readonly PlanEntry[],
  { dryRun, inputTensors }: { readonly dryRun: boolean; readonly inputTensors: number },
  terminal: Terminal,
): string[] {
  const { color, unicode, width } = terminal;
  const arrow = unicode ? "→" : "->";
  const change = (a: string, b: string) => (a === b ? color.dim(b) : `${a} ${arrow} ${color.green(b)}`);
  const [before, after] = [
    entries.reduce((sum, { from }) => sum + from.bytes, 0),
    entries.reduce((sum, { bytes }) => sum + bytes, 0),
  ];
  const size =
    before === after ? formatBytes(after) : `${formatBytes(before)} ${arrow} ${formatBytes(after)}`;
  const left = inputTensors - entries.length;
  const rest = left > 0 ? `, ${plural(left, "tensor")} left out` : "";
  const summary = `${color.bold(printable(output))}  ${plural(entries.length, "tensor")}, ${size}${rest}`;
  if (!dryRun) return wrap(summary, width);
  const isRenamed = entries.some(({ name, from }) => name !== from.name);
  const rows = entries.map(({ name, from, dtype, shape, bytes }) => [
    printable(from.name) || '""',
    isRenamed ? arrow : "",
    isRenamed ? printable(name) || '""' : "",
    change(from.dtype, dtype),
    formatShape(shape),
    formatBytes(bytes),
  ]);
  const columns = [{ flexible: true }, {}, {}, {}, { drop: 1 }, { align: "right", drop: 2 }] as const;
  const table = formatTable(columns, rows, { width, ellipsis: unicode ? "…" : "~" });
  return [
    ...table,
    ...(rows.length > 0 ? [""] : []),
    ...wrap(`${summary} ${color.dim("(dry run, nothing written)")}`, width),
  ];
}
