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

/** A line of the print: the node drawn in its place, and for a tensor its key string, dtype, shape and size. */
type Row = [drawing: string, keyString: string, dtype: string, shape: string, size: string];

/** Prints every node of `tree`: each leaf with its key string, dtype, shape and size in `file`. */
export function printTree(tree: object, file: SafetensorsFile): void {
  const rows = [...drawRows(tree, [], "", { file, containers: containersOf(file) })];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  console.log(tree.constructor.name);
  for (const [drawing, keyString, dtype, shape, size] of rows) {
    const cells = [drawing, keyString, dtype, shape].map((cell, column) => cell.padEnd(widths[column]!));
    console.log([...cells, size.padStart(widths[4]!)].join("  ").trimEnd());
  }
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
      yield [drawing, keyString, dtype, `[${shape.join(", ")}]`, formatBytes(byteLength)];
    } else if (stored.containers.has(keyString)) {
      yield [isPlain(child) ? drawing : `${drawing}: ${child.constructor.name}`, "", "", "", ""];
      yield* drawRows(child, childPath, `${indent}${last ? "   " : "│  "}`, stored);
    } else {
      // A null or a static field: no tensor, but kept in the file's structure metadata.
      yield [drawing, JSON.stringify(child), "", "", ""];
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
