import { type ErrorDetails, Pytree2SafetensorsError } from "../base/errors.ts";
import { isInside } from "../base/inside.ts";
import { quote } from "../base/quote.ts";
import { compareUtf8 } from "../base/utf8.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { JsonCursor } from "./header/json.ts";
import type { LayoutEntry } from "./layout/layout.ts";
import { encodeUtf8 } from "./utf8.ts";

/** The contents of a `model.safetensors.index.json`, checked. */
export interface ShardIndex {
  /** Everything under `metadata`, `total_size` among it. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The bytes of all tensors together, as `metadata.total_size` has it. */
  readonly totalSize: number | undefined;
  /** Tensor name → file name. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** The names of the files, each once, sorted. */
  readonly files: readonly string[];
}

/**
 * Reads the index of a sharded checkpoint, as Hugging Face's libraries write it.
 *
 * @throws InvalidIndex for bad JSON, a key twice, values of the wrong kind, and files that would lie outside the
 * index's own folder.
 */
export function parseShardIndex(text: string): ShardIndex {
  const index = strictJson(text);
  const { metadata = {}, weight_map: map } = isObject(index) ? index : {};
  if (!isObject(map)) throw invalid("expected an object with a weight_map of tensor names to file names", {});
  if (!isObject(metadata)) throw invalid("metadata must be an object", { expected: "an object" });
  const { total_size: totalSize } = metadata;
  if (totalSize !== undefined && !(typeof totalSize === "number" && totalSize >= 0)) {
    throw invalid("total_size must be a number of bytes", { found: JSON.stringify(totalSize) });
  }
  const weightMap = new Map<string, string>();
  const files = new Set<string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== "string" || !isInside(file)) {
      const found = typeof file === "string" ? quote(file) : typeof file;
      const message = `tensor ${quote(tensor)}: ${found} names no file inside the index's folder`;
      throw invalid(message, { tensor, expected: "a plain file name", found });
    }
    weightMap.set(tensor, file);
    files.add(file);
  }
  return { metadata, totalSize, weightMap, files: [...files].sort(compareUtf8) };
}

// JSON without the leniencies that hide something: keys twice, lone surrogates, endless nesting.
function strictJson(text: string): unknown {
  const cursor = new JsonCursor(encodeUtf8(text), "InvalidIndex");
  cursor.onDuplicate = (key) => {
    throw invalid(`the key ${quote(key)} stands twice in one object`, { found: key });
  };
  cursor.skip(0);
  if (cursor.next() !== -1) cursor.fail("nothing more");
  return JSON.parse(text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string, details: ErrorDetails): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError("InvalidIndex", `invalid shard index: ${message}`, details);
}

/**
 * The text of an index, as Hugging Face's libraries write it: two spaces of indent, keys sorted.
 *
 * @param totalSize The bytes of all tensors together.
 * @param metadata Further metadata.
 */
export function writeShardIndex(
  weightMap: ReadonlyMap<string, string>,
  totalSize: number,
  metadata: Readonly<Record<string, unknown>> = {},
): string {
  // Text by hand: an object would put keys that look like integers first, and `__proto__` nowhere.
  const members = (pairs: readonly (readonly [string, unknown])[]) => {
    const lines = [...pairs]
      .sort(byKey)
      .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n  }`;
  };
  const about = Object.entries(metadata).filter(([key]) => key !== "total_size");
  return `{\n  "metadata": ${members([...about, ["total_size", totalSize]])},\n  "weight_map": ${members([...weightMap])}\n}\n`;
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compareUtf8(a[0], b[0]);
}

/**
 * Deals tensors out to shards of at most `maxShardBytes` of data each, as Hugging Face's libraries do: in the
 * order given, the next shard when one is full, and a tensor that is larger than a shard in one of its own.
 *
 * @returns For each shard the indices of its entries.
 */
export function planShards(entries: readonly LayoutEntry[], maxShardBytes: number): number[][] {
  const shards: number[][] = [];
  let current: number[] = [];
  let bytes = 0;
  for (const [index, { dtype, shape }] of entries.entries()) {
    const size = byteLengthOf(dtype, shape);
    if (size > maxShardBytes) {
      shards.push([index]);
      continue;
    }
    if (bytes + size > maxShardBytes) {
      shards.push(current);
      current = [];
      bytes = 0;
    }
    current.push(index);
    bytes += size;
  }
  if (current.length > 0) shards.push(current);
  return shards;
}

/** The customary name of shard `index` (from 0) of `count`: `model-00001-of-00003.safetensors`. */
export function shardFileName(base: string, index: number, count: number): string {
  const digits = (n: number) => String(n).padStart(5, "0");
  return `${base}-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const BINARY_UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Reads a size: a number of bytes, or a text like `"5GB"` (10^9 bytes each, as Hugging Face has it) or `"5GiB"`
 * (2^30).
 *
 * @throws InvalidArgument
 */
export function parseSize(size: number | string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(I?))?B?\s*$/i.exec(String(size));
  const unit = match?.[2]?.toUpperCase() ?? "";
  const bytes = match ? Math.floor(Number(match[1]) * (match[3] ? BINARY_UNITS : UNITS)[unit]!) : 0;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new Pytree2SafetensorsError(
    "InvalidArgument",
    `${JSON.stringify(size)} is no size: expected a positive number of bytes, or a text like "5GB" or "512MiB"`,
    { expected: '"5GB"', found: String(size) },
  );
}
