/** How `info` shows the facts of a file. */
import { drawMissing } from "../../files/missing.ts";
import { baseName } from "../../files/open.ts";
import { formatBytes, formatCount, formatExact, formatShare, plural } from "../../terminal/sizes.ts";
import { formatFields, formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { nameCell, printable, truncateMiddle } from "../../terminal/text.ts";
import type { Facts } from "./facts.ts";

const MAX_VALUE = 200;

/** Draws the facts of a file. */
export function drawFacts(facts: Facts, terminal: Terminal): string[] {
  const { color, width, unicode } = terminal;
  const ellipsis = unicode ? "…" : "~";
  const style = (label: string) => color.dim(label);
  const title = facts.shards.length > 0 ? `, ${plural(facts.shards.length, "shard")}` : "";
  const fields = formatFields(
    [
      [
        "size",
        facts.bytes < 1000
          ? formatBytes(facts.bytes)
          : `${formatBytes(facts.bytes)} (${formatExact(facts.bytes)} bytes)`,
      ],
      ["header", `${formatBytes(facts.headerBytes)} (${formatShare(facts.headerBytes, facts.bytes)} of all)`],
      ["tensors", formatExact(facts.tensors)],
      [
        "parameters",
        facts.parameters < 10_000
          ? formatExact(facts.parameters)
          : `${formatCount(facts.parameters)} (${formatExact(facts.parameters)})`,
      ],
      ...(facts.declaredParameters === null || facts.declaredParameters === facts.parameters
        ? []
        : [["index says", `${formatExact(facts.declaredParameters)} parameters`] as const]),
      ...facts.packed.map(
        ({ scheme, bits, tensors, parameters, bytes }) =>
          [
            "packed",
            `${bits}-bit ${scheme}: ${formatCount(parameters)} weights in ${plural(tensors, "tensor")}, ${formatBytes(bytes)}`,
          ] as const,
      ),
      [
        "alignment",
        facts.unaligned === 0
          ? "every tensor at a multiple of its element's width"
          : color.yellow(
              `${plural(facts.unaligned, "tensor")} not at a multiple of the element's width: readers must copy`,
            ),
      ],
      ["keys", facts.keys],
      [
        "structure",
        facts.structure
          ? `version ${printable(String(facts.structure.version).slice(0, 40))}, ${plural(facts.structure.nodes, "node")}, ${plural(facts.structure.leaves, "leaf", "leaves")}, ${formatBytes(facts.structure.bytes)}`
          : "none, key strings say it all",
      ],
    ],
    { width, style },
  );
  const dtypes = formatTable(
    [
      { title: "dtype" },
      { title: "tensors", align: "right", drop: 1 },
      { title: "parameters", align: "right", drop: 2 },
      { title: "bytes", align: "right" },
      { title: "share", align: "right", drop: 0 },
    ],
    facts.dtypes.map(({ dtype, tensors, parameters, bytes }) => [
      color.green(dtype),
      formatExact(tensors),
      formatCount(parameters),
      formatBytes(bytes),
      formatShare(bytes, facts.dataBytes),
    ]),
    { width: width - 2, style, ellipsis },
  );
  const shards = formatTable(
    [
      { title: "shard", flexible: true },
      { title: "tensors", align: "right", drop: 1 },
      { title: "bytes", align: "right" },
    ],
    facts.shards.map(({ file, tensors, bytes }) => [
      nameCell(file ?? ""),
      formatExact(tensors),
      formatBytes(bytes),
    ]),
    { width: width - 2, style, ellipsis },
  );
  const metadata = Object.entries(facts.metadata).map(
    ([key, value]) => [nameCell(key, 60), printable(shorten(value))] as const,
  );
  const aliases = facts.aliases.map(
    ({ name, stored }) => [nameCell(name, 60), `is ${nameCell(stored)}`] as const,
  );
  const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    color.bold(truncateMiddle(baseName(facts.file), width - title.length, ellipsis)) + title,
    ...fields,
    ...(facts.dtypes.length > 0 ? ["", ...indent(dtypes)] : []),
    ...(facts.shards.length > 0 ? ["", ...indent(shards)] : []),
    ...drawMissing(
      facts.missing.map(({ name, shard }) => [name, shard] as const),
      terminal,
    ).map((line) => (line === "" ? line : `  ${line}`)),
    ...(aliases.length > 0
      ? ["", color.dim("  tied weights"), ...formatFields(aliases, { width, style, indent: "    " })]
      : []),
    ...(metadata.length > 0
      ? ["", color.dim("  metadata"), ...formatFields(metadata, { width, style, indent: "    " })]
      : []),
  ];
}

function shorten(value: string): string {
  return value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value;
}
