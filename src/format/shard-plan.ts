// What the files of a sharded checkpoint hold, and the index that says so, as they are written.
import { compareUtf8 } from "../base/utf8.ts";
import { byteLengthOf } from "../tensor/size.ts";
import type { LayoutEntry } from "./layout/layout.ts";

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
      .sort(([a], [b]) => compareUtf8(a, b))
      .map(([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n  }`;
  };
  const about = Object.entries(metadata).filter(([key]) => key !== "total_size");
  return `{\n  "metadata": ${members([...about, ["total_size", totalSize]])},\n  "weight_map": ${members([...weightMap])}\n}\n`;
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
