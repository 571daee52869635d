// The names of a header's tensors, decoded.
import { decodeUtf8 } from "../utf8.ts";
import type { KeySet } from "./keyset.ts";

// Short, because a name that is kept may keep the text of its batch alive.
const BATCH_BYTES = 4096;
const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;

/**
 * The names in `keys`, which have been checked. They are decoded in batches, with a line feed between them, because
 * JSON strings contain none: a call of the decoder for each name would take as long as reading the rest of its entry.
 *
 * @param order `order[i]` is the number of the key that comes i-th; as they are by default.
 */
export function decodeNames(bytes: Uint8Array, keys: KeySet, order?: Uint32Array): string[] {
  const { starts, ends, count } = keys;
  const names = new Array<string>(count);
  const batch = new Uint8Array(BATCH_BYTES);
  for (let i = 0; i < count; ) {
    const from = i;
    let used = 0;
    let escapes = false;
    for (; i < count; i++) {
      const key = order ? order[i]! : i;
      const [start, end] = [starts[key]!, ends[key]!];
      if (used + end - start >= BATCH_BYTES) break;
      for (let p = start; p < end; p++) {
        const byte = bytes[p]!;
        if (byte === BACKSLASH) escapes = true;
        batch[used++] = byte;
      }
      batch[used++] = LINE_FEED;
    }
    if (i === from) {
      // A name longer than a batch.
      names[i] = keys.text(order ? order[i]! : i);
      i++;
      continue;
    }
    const texts = decodeUtf8(batch, 0, used - 1).split("\n");
    for (let k = 0; k < texts.length; k++) {
      const text = texts[k]!;
      names[from + k] = escapes && text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
    }
  }
  return names;
}
