import { Command } from "commander";
import { DTYPE_NAMES, DTYPES, type Dtype, type SafetensorsFile } from "../../../index.node.ts";
import { guessStyle, STRUCTURE_KEY } from "../../args/keys.ts";
import { examples, jsonOption } from "../../args/options.ts";
import { baseName, open, sizeOf } from "../../files/open.ts";
import { shardFiles } from "../../files/shard-files.ts";
import { formatBytes, formatCount, formatExact, formatShare, plural } from "../../terminal/sizes.ts";
import { formatFields, formatTable } from "../../terminal/table.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { printable, truncate } from "../../terminal/text.ts";

interface DtypeTotals {
  readonly dtype: Dtype;
  tensors: number;
  parameters: number;
  bytes: number;
}

/** `info FILE`: facts of the format. */
export function infoCommand(terminal: Terminal): Command {
  const command = new Command("info")
    .summary("show format facts: sizes, dtypes, metadata, shards")
    .description(
      "Shows the facts of a file: header size, tensors, parameters and bytes by dtype, alignment, structure, metadata, shards. Only headers are read.",
    )
    .argument("<file>", "a path, a URL, or the index of a sharded checkpoint")
    .addOption(jsonOption())
    .action((place: string, options: { readonly json?: boolean }) => info(place, options, terminal));
  return examples(command, [
    ["info model.safetensors", "all there is to know"],
    ["info model.safetensors --json | jq .metadata", "for programs"],
  ]);
}

async function info(place: string, options: { readonly json?: boolean }, terminal: Terminal): Promise<void> {
  await using file = await open(place, terminal);
  const facts = await gather(place, file, terminal);
  if (options.json) terminal.json(facts);
  else terminal.print(draw(facts, terminal));
}

type Facts = Awaited<ReturnType<typeof gather>>;

async function gather(place: string, file: SafetensorsFile, terminal: Terminal) {
  const dtypes = new Map<Dtype, DtypeTotals>();
  for (const name of file.names) {
    const { dtype, shape, byteLength } = file.info(name);
    const totals = dtypes.get(dtype) ?? { dtype, tensors: 0, parameters: 0, bytes: 0 };
    totals.tensors++;
    totals.parameters += sizeOf(shape);
    totals.bytes += byteLength;
    dtypes.set(dtype, totals);
  }
  const list = [...dtypes.values()].sort(
    (a, b) => DTYPE_NAMES.indexOf(b.dtype) - DTYPE_NAMES.indexOf(a.dtype),
  );
  const sum = (key: "tensors" | "parameters" | "bytes") =>
    list.reduce((total, totals) => total + totals[key], 0);
  const shards = [];
  for (const shard of await shardFiles(place, terminal.signal)) {
    await using part = await open(shard.place, terminal);
    shards.push({ file: shard.name, bytes: part.byteLength, tensors: part.names.length, ...layoutOf(part) });
  }
  const parts = shards.length > 0 ? shards : [layoutOf(file)];
  const { [STRUCTURE_KEY]: structure, ...metadata } = file.metadata;
  return {
    file: place,
    bytes: file.byteLength,
    headerBytes: parts.reduce((total, part) => total + part.headerBytes, 0),
    tensors: sum("tensors"),
    parameters: sum("parameters"),
    dataBytes: sum("bytes"),
    dtypes: list,
    unaligned: parts.reduce((total, part) => total + part.unaligned, 0),
    keys: guessStyle(file),
    structure: structure === undefined ? null : describeStructure(structure),
    metadata,
    shards,
  };
}

/** What follows from a file's having no holes: how long its header is, and where each tensor begins. */
function layoutOf(file: SafetensorsFile): { headerBytes: number; unaligned: number } {
  const sizes = file.names.map((name) => file.info(name));
  const headerBytes = file.byteLength - 8 - sizes.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let at = 8 + headerBytes;
  let unaligned = 0;
  for (const { dtype, byteLength } of sizes) {
    if (at % DTYPES[dtype].array.BYTES_PER_ELEMENT !== 0) unaligned++;
    at += byteLength;
  }
  return { headerBytes, unaligned };
}

function describeStructure(text: string): { version: unknown; nodes: number; leaves: number; bytes: number } {
  const bytes = Buffer.byteLength(text);
  try {
    const { version, nodes, leaves } = JSON.parse(text);
    return {
      version,
      nodes: Object.keys(nodes ?? {}).length,
      leaves: Object.keys(leaves ?? {}).length,
      bytes,
    };
  } catch {
    return { version: null, nodes: 0, leaves: 0, bytes };
  }
}

const MAX_VALUE = 200;

function draw(facts: Facts, terminal: Terminal): string[] {
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
          ? `version ${facts.structure.version}, ${plural(facts.structure.nodes, "node")}, ${plural(facts.structure.leaves, "leaf", "leaves")}, ${formatBytes(facts.structure.bytes)}`
          : "none, key strings say it all",
      ],
    ],
    { width, style },
  );
  const dtypes = formatTable(
    [
      { title: "dtype" },
      { title: "tensors", align: "right", drop: 1 },
      { title: "parameters", align: "right" },
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
      printable(file),
      formatExact(tensors),
      formatBytes(bytes),
    ]),
    { width: width - 2, style, ellipsis },
  );
  const metadata = Object.entries(facts.metadata).map(
    ([key, value]) =>
      [
        printable(key),
        truncate(printable(value.length > MAX_VALUE ? `${value.slice(0, MAX_VALUE)}…` : value), MAX_VALUE),
      ] as const,
  );
  const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [
    color.bold(baseName(facts.file)) + title,
    ...fields,
    ...(facts.dtypes.length > 0 ? ["", ...indent(dtypes)] : []),
    ...(facts.shards.length > 0 ? ["", ...indent(shards)] : []),
    ...(metadata.length > 0
      ? ["", color.dim("  metadata"), ...formatFields(metadata, { width, style, indent: "    " })]
      : []),
  ];
}
