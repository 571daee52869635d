/** Saves a dict as a file in memory, without waiting. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import type { UnsharedBytes } from "../base/types.ts";
import { castChunk } from "../tensor/cast-stream.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leafError } from "./leaf-error.ts";
import type { Metadata } from "./metadata.ts";
import type { ArraysOption, CastingOptions } from "./options.ts";
import { type PreparedSave, prepareDict, type SaveEntry } from "./prepare.ts";
import { overflowOf, reportOverflow } from "./reads-of.ts";
import { exactBytes } from "./write.ts";

/** Options of {@link save}. */
export interface SaveOptions<A = Tensor> extends ArraysOption<A>, CastingOptions {
  /** Strings to write under `__metadata__`. */
  readonly metadata?: Metadata;
}

/** What {@link save} and {@link saveFile} write: leaves by their name in the file. */
export type LeafDict<A> = Readonly<Record<string, A | Tensor | ArrayBufferView | number | bigint | boolean>>;

/**
 * Writes tensors as a safetensors file in memory. The bytes are the same as those of the reference serializer.
 *
 * @throws `InvalidArgument` if `dict` isn't a plain object; `UnsupportedLeaf`, `InvalidName`, `InvalidMetadata` or
 *   `HeaderTooLarge` for content that can't be saved; `LossyConversion` if a `cast` can't keep a value; `AsyncAdapter` if
 *   the adapter can only read arrays asynchronously.
 * @example
 * ```ts
 * const bytes = save({ "layers#0@w": Tensor.from([[1, 2], [3, 4]]) }, { metadata: { epoch: "3" } });
 * ```
 */
export function save<A = Tensor>(dict: LeafDict<A>, options: SaveOptions<A> = {}): UnsharedBytes {
  const prepared = prepareDict(dict, options);
  try {
    const { head, order, totalBytes } = prepared.layout;
    const bytes = allocate(totalBytes);
    bytes.set(head);
    let at = head.byteLength;
    for (const index of order) {
      const data = readNow(prepared, prepared.entries[index]!);
      bytes.set(data, at);
      at += data.byteLength;
    }
    return bytes;
  } finally {
    prepared.release();
  }
}

function readNow(prepared: PreparedSave, entry: SaveEntry): Uint8Array {
  const { name, dtype, codec, held } = entry;
  const from = entry.castFrom?.dtype ?? dtype;
  if (codec.readSync === undefined) {
    const message = `save() can't wait for ${quote(name)}: ${codec.async}`;
    throw new Pytree2SafetensorsError("AsyncAdapter", message, { tensor: name });
  }
  try {
    const data = exactBytes(entry, codec.readSync(held, from));
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (from === dtype) return bytes;
    const overflow = overflowOf(from, dtype, prepared.casting);
    const cast = castChunk(bytes, from, dtype, 0, { lossy: prepared.casting.lossy ?? false, name, overflow });
    reportOverflow({ name, dtype: from, as: { cast: dtype, overflow } }, prepared.casting);
    return cast;
  } catch (error) {
    throw leafError(error, prepared.placeOf(entry));
  }
}

function allocate(bytes: number): UnsharedBytes {
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    const message = `the file would have ${bytes} bytes, more than an array of this runtime; write it with saveFile() or serialize()`;
    throw new Pytree2SafetensorsError("TooLarge", message, { found: `${bytes} bytes`, cause });
  }
}
