/** How `convert` says what it writes. */
import { formatBytes, plural } from "../../terminal/sizes.ts";
import { formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { formatShape, nameCell, printable, wrap } from "../../terminal/text.ts";
import { naturalCompare } from "../../trees/natural.ts";
import type { PlanEntry } from "./plan.ts";

/** One line of what was written; for a dry run each tensor, with what changes in it. */
export function drawPlan(
  entries: readonly PlanEntry[],
  what: { readonly output: string; readonly dryRun: boolean; readonly inputTensors: number },
  terminal: Terminal,
): string[] {
  const { color, unicode, width } = terminal;
  const { output, dryRun, inputTensors } = what;
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
  const inOrder = [...entries].sort((a, b) => naturalCompare(a.from.name, b.from.name));
  const rows = inOrder.map(({ name, from, dtype, shape, bytes }) => [
    nameCell(from.name),
    isRenamed ? arrow : "",
    isRenamed ? nameCell(name) : "",
    change(from.dtype, dtype),
    formatShape(shape),
    formatBytes(bytes),
  ]);
  const columns = [
    { flexible: true },
    {},
    { flexible: isRenamed },
    { name: "dtype", drop: 3 },
    { name: "shape", drop: 1 },
    { name: "bytes", align: "right", drop: 2 },
  ] as const;
  const table = formatTable(columns, rows, { width, ellipsis: unicode ? "…" : "~" });
  return [
    ...table,
    ...(rows.length > 0 ? [""] : []),
    ...wrap(`${summary} ${color.dim("(dry run, nothing written)")}`, width),
  ];
}
