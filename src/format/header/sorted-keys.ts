// Keys that come in the order of their bytes, among which a key that is written twice needs no search.
import { KeyList } from "./key-list.ts";

// The reference serializer sorts by dtype, then by name: a run for each dtype. Keys in no order end the attempt early.
const MAX_RUNS = 16;

/**
 * Keys in a few runs, each in ascending order of its bytes, as the reference serializer writes names: each is compared
 * with the one before it, and the runs with each other at the end. Half a million take a fourth less time than in a hash
 * table, most of which is waiting for memory.
 */
export class SortedKeys extends KeyList {
  #runs = 1;

  /** @throws A plain `Error` for a key with escapes, and for keys in no order. */
  add(start: number, end: number, _hash: number, unescaped: string | undefined): false {
    const index = this.push(start, end);
    if (unescaped !== undefined) throw new Error("a key with escapes");
    if (index > 0 && this.compare(index, index - 1) <= 0 && ++this.#runs > MAX_RUNS)
      throw new Error("keys in no order");
    return false;
  }

  /** Whether no key is there twice. */
  areUnique(): boolean {
    let unique = true;
    // Two that are the same get compared, whatever the order is sorted from; a few runs are only merged.
    const compare = (a: number, b: number) => {
      const step = this.compare(a, b);
      if (step === 0 && a !== b) unique = false;
      return step;
    };
    if (this.#runs > 1) Array.from({ length: this.count }, (_, i) => i).sort(compare);
    return unique;
  }
}
