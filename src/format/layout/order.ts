import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { compareUtf8 } from "../../base/utf8.ts";
import { DTYPE_NAMES, type Dtype } from "../../tensor/dtypes.ts";
import { quote } from "../header/faults.ts";

const RANKS: ReadonlyMap<string, number> = new Map(DTYPE_NAMES.map((name, rank) => [name, rank]));

interface Named {
  readonly name: string;
  readonly dtype: Dtype;
}

/**
 * The order of the reference serializer: by dtype from the last of `DTYPE_NAMES` to the first, then by the UTF-8
 * bytes of names.
 *
 * @param ascii Whether all names are known to be ASCII.
 * @throws DuplicateKey for two entries of one name, UnsupportedDtype for what is no dtype.
 */
export function dataOrder(entries: readonly Named[], ascii: boolean): Uint32Array {
  // `<` compares UTF-16 units, several times as fast, and for ASCII the order is the same.
  const compare = ascii
    ? (a: number, b: number) => (entries[a]!.name < entries[b]!.name ? -1 : 1)
    : (a: number, b: number) => compareUtf8(entries[a]!.name, entries[b]!.name);
  // Arrays, not typed arrays: their sort finds the runs that are in order already, and trees have long ones. A
  // million names of a tree sort in 0.1 s, against 0.3 s.
  const buckets = bucketByDtype(entries).map((bucket) => bucket.sort(compare));
  const names = buckets.length > 1 ? buckets.flat().sort(compare) : buckets[0];
  for (let i = 1; i < entries.length; i++) {
    const { name } = entries[names![i]!]!;
    if (entries[names![i - 1]!]!.name !== name) continue;
    throw new Pytree2SafetensorsError("DuplicateKey", `two tensors have the name ${quote(name)}`, {
      tensor: name,
    });
  }
  return Uint32Array.from(buckets.flat());
}

// The indices of entries by dtype, the last dtype first, without empty buckets.
function bucketByDtype(entries: readonly Named[]): number[][] {
  const buckets: number[][] = DTYPE_NAMES.map(() => []);
  for (let i = 0; i < entries.length; i++) {
    const { name, dtype } = entries[i]!;
    const rank = RANKS.get(dtype);
    if (rank === undefined) {
      const message = `tensor ${quote(name)}: ${String(dtype)} is no dtype of the format`;
      throw new Pytree2SafetensorsError("UnsupportedDtype", message, { tensor: name, found: String(dtype) });
    }
    buckets[rank]!.push(i);
  }
  return buckets.reverse().filter((bucket) => bucket.length > 0);
}
