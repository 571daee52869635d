// Keys as they come, without a string for each.
import { decodeUtf8 } from "../utf8.ts";

/** The text of a JSON string that has been checked, from between its quotes. */
export function stringText(bytes: Uint8Array, start: number, end: number): string {
  const text = decodeUtf8(bytes, start, end);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

/** Keys that are ranges of bytes, numbered as they came. */
export abstract class KeyList {
  count = 0;
  /** Where each key starts and ends, by number. */
  starts: Uint32Array;
  ends: Uint32Array;
  protected readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** @param room Room for so many keys at first, or a list whose memory is free. */
  constructor(bytes: Uint8Array, room: number | KeyList) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.starts = typeof room === "number" ? new Uint32Array(room) : room.starts;
    this.ends = typeof room === "number" ? new Uint32Array(room) : room.ends;
  }

  /**
   * Adds the key `[start, end)`, unless it is there already; whether it was.
   *
   * @param unescaped What the key reads as, if it has escapes.
   */
  abstract add(start: number, end: number, hash: number, unescaped: string | undefined): boolean;

  /** The text of key number `index`. */
  text(index: number): string {
    return stringText(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  /** Takes a key as the next one; its number. */
  protected push(start: number, end: number): number {
    const index = this.count++;
    if (index === this.starts.length) {
      this.starts = twice(this.starts);
      this.ends = twice(this.ends);
    }
    this.starts[index] = start;
    this.ends[index] = end;
    return index;
  }

  /** Less than 0 if the bytes of key `a` come before those of key `b`, 0 if they are the same. */
  protected compare(a: number, b: number): number {
    const { starts, ends, bytes } = this;
    const view = this.#view;
    const [from, other] = [starts[a]!, starts[b]!];
    const longer = ends[a]! - from - (ends[b]! - other);
    const length = longer < 0 ? ends[a]! - from : ends[b]! - other;
    let p = 0;
    while (p + 4 <= length && view.getInt32(from + p, true) === view.getInt32(other + p, true)) p += 4;
    for (; p < length; p++) {
      const step = bytes[from + p]! - bytes[other + p]!;
      if (step !== 0) return step;
    }
    return longer;
  }
}

/** The same numbers in twice the room. */
export function twice(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
