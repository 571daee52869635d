// The names of a header's tensors, decoded.
import { decodeUtf8 } from "../utf8.ts";
import type { KeyList } from "./key-list.ts";

// Short, because a name that is kept may keep the text of its batch alive.
const BATCH_BYTES = 4096;

/**
 * The names in `keys`, which have been checked. They are decoded in batches: a call of the decoder for each name would
 * take as long as reading the rest of its entry.
 *
 * @param order `order[i]` is the number of the key that comes i-th; as they are by default.
 */
export function decodeNames(bytes: Uint8Array, keys: KeyList, order?: Uint32Array): string[] {
  const { starts, ends, count } = keys;
  const names = new Array<string>(count);
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batch = new Uint8Array(BATCH_BYTES);
  const to = new DataView(batch.buffer);
  for (let i = 0; i < count; ) {
    const first = i;
    let used = 0;
    for (; i < count; i++) {
      const key = order ? order[i]! : i;
      const start = starts[key]!;
      const length = ends[key]! - start;
      if (used + length > BATCH_BYTES - 4) break;
      // Four bytes at a time. What is copied too much is in the header, since an entry follows each name, and is
      // overwritten by the next name.
      for (let p = 0; p < length; p += 4) to.setInt32(used + p, from.getInt32(start + p, true), true);
      used += length;
    }
    const text = decodeUtf8(batch, 0, used);
    // Only where all is ASCII, characters lie where bytes do. A name longer than a batch is alone.
    const isPlain = i > first && text.length === used && !text.includes("\\");
    if (i === first) i++;
    for (let k = first, at = 0; k < i; k++) {
      const key = order ? order[k]! : k;
      const end = at + ends[key]! - starts[key]!;
      names[k] = isPlain ? text.substring(at, end) : keys.text(key);
      at = end;
    }
  }
  return names;
}
