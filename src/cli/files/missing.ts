/** How commands list the tensors that an index lists and that are not in their file. */
import { formatExact, plural } from "../terminal/sizes.ts";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { nameCell } from "../terminal/text.ts";
import { naturalCompare } from "../trees/natural.ts";

// The rest is for `p2s ls`.
const MAX_LISTED = 20;

/** Lines under the answer; none where nothing is missing. */
export function drawMissing(
  missing: readonly (readonly [name: string, shard: string])[],
  { color, unicode, width }: Terminal,
): string[] {
  if (missing.length === 0) return [];
  const inOrder = [...missing].sort(([a], [b]) => naturalCompare(a, b));
  const rows = inOrder.slice(0, MAX_LISTED).map(([name, shard]) => [nameCell(name), nameCell(shard)]);
  const columns = [{ flexible: true }, { name: "file", drop: 0 }] as const;
  const table = formatTable(columns, rows, { width: width - 2, ellipsis: unicode ? "…" : "~" });
  const more = missing.length - rows.length;
  return [
    "",
    color.yellow(`${plural(missing.length, "tensor")} missing: listed by the index, not in the file`),
    ...table.map((line) => `  ${line}`),
    ...(more > 0 ? [color.dim(`  … and ${formatExact(more)} more (p2s ls lists all)`)] : []),
  ];
}
