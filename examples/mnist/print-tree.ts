import {
  DictKey,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  keypath2string,
  type SafetensorsFile,
  SequenceKey,
  string2keypath,
} from "pytree2safetensors";

interface Row {
  /** The node in its place, `│  ├─ weight`. */
  readonly drawing: string;
  /** Key string, dtype, shape and size of a tensor; the value of a node that is none; nothing of a container. */
  readonly cells: readonly string[];
}

/** Prints every node of `tree`: each leaf with its key string, dtype, shape and size in `file`. */
export function printTree(tree: object, file: SafetensorsFile): void {
  const rows = [...drawRows(tree, [], "", { file, containers: containersOf(file) })];
  const drawingWidth = Math.max(...rows.map(({ drawing }) => drawing.length));
  const tensors = rows.filter(({ cells }) => cells.length === COLUMNS);
  const widths = Array.from({ length: COLUMNS }, (_, i) =>
    Math.max(...tensors.map(({ cells }) => cells[i]!.length)),
  );
  console.log(tree.constructor.name);
  for (const { drawing, cells } of rows) {
    const aligned = cells.length === COLUMNS ? cells.map((cell, i) => align(cell, widths[i]!, i)) : cells;
    console.log([drawing.padEnd(drawingWidth), ...aligned].join("  ").trimEnd());
  }
}

const COLUMNS = 4;

// Sizes, the last column, stand right.
function align(cell: string, width: number, column: number): string {
  return column === COLUMNS - 1 ? cell.padStart(width) : cell.padEnd(width);
}

/** The key strings of all nodes that have a tensor somewhere below them. */
function containersOf(file: SafetensorsFile): Set<string> {
  const paths = file.names.map(string2keypath);
  return new Set(paths.flatMap((path) => path.map((_, depth) => keypath2string(path.slice(0, depth)))));
}

function* drawRows(
  node: object,
  path: KeyPath,
  indent: string,
  stored: { file: SafetensorsFile; containers: Set<string> },
): Generator<Row> {
  const children = Object.entries(node);
  for (const [i, [name, child]] of children.entries()) {
    const last = i === children.length - 1;
    const drawing = `${indent}${last ? "└─" : "├─"} ${name}`;
    const childPath = [...path, keyEntry(node, name)];
    const keyString = keypath2string(childPath);
    if (stored.file.has(keyString)) {
      const { dtype, shape, byteLength } = stored.file.info(keyString);
      const cells = [keyString, dtype, `[${shape.join(", ")}]`, formatBytes(byteLength)];
      yield { drawing, cells };
    } else if (stored.containers.has(keyString)) {
      yield { drawing: isPlain(child) ? drawing : `${drawing}: ${child.constructor.name}`, cells: [] };
      yield* drawRows(child, childPath, `${indent}${last ? "   " : "│  "}`, stored);
    } else {
      // A null or a static field: no tensor, but kept in the file's structure metadata.
      yield { drawing, cells: [JSON.stringify(child)] };
    }
  }
}

function keyEntry(node: object, name: string): KeyEntry {
  if (Array.isArray(node)) return new SequenceKey(Number(name));
  return isPlain(node) ? new DictKey(name) : new GetAttrKey(name);
}

function isPlain(node: object): boolean {
  return Array.isArray(node) || Object.getPrototypeOf(node) === Object.prototype;
}

/** A size as people read it, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
