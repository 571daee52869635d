/** One file of a checkpoint, and its tensors as the header has them. */
import { amendError, isPytree2SafetensorsError } from "../base/errors.ts";
import { printable } from "../base/quote.ts";
import { explainForeign } from "../format/foreign.ts";
import { parseHeader } from "../format/header/header.ts";
import { headerLength, PREFIX_BYTES } from "../format/header/prefix.ts";
import type { TensorRef } from "../format/tensor-ref.ts";
import type { ByteSource } from "../io/types.ts";

/** One file of a checkpoint. */
export interface FilePart {
  /** Its place among the checkpoint's files. */
  readonly index: number;
  /** What the index of a sharded checkpoint calls it. */
  readonly name: string | undefined;
  readonly source: ByteSource;
  /** Where its data begin, absolute: what is aligned to there is aligned in memory. */
  readonly dataStart: number;
}

/** A tensor of an open file. */
export type FileTensor = TensorRef<FilePart>;

/** By file, then by offset: the order in which tensors are read. */
export function compareInFile(a: FileTensor, b: FileTensor): number {
  return a.file.index - b.file.index || a.start - b.start || a.end - b.end;
}

/** A file of a checkpoint whose header has been read. */
export interface OpenedPart {
  readonly part: FilePart;
  readonly tensors: readonly FileTensor[];
  readonly metadata: () => Readonly<Record<string, string>>;
}

/** Reads the header of a file, of which the first bytes are there. */
export async function openPart(
  source: ByteSource & Named,
  index: number,
  head: Uint8Array,
  signal: AbortSignal | undefined,
  name?: string,
): Promise<OpenedPart> {
  try {
    const dataStart = PREFIX_BYTES + headerLength(head, source.size);
    let header = head.subarray(PREFIX_BYTES, dataStart);
    if (head.byteLength < dataStart) {
      const whole = new Uint8Array(dataStart - PREFIX_BYTES);
      whole.set(header);
      const into = whole.subarray(header.byteLength);
      await source.read(head.byteLength, dataStart, { signal, into });
      header = whole;
    }
    const part: FilePart = { index, name, source, dataStart };
    const parsed = parseHeader(header, source.size, part);
    return { part, tensors: parsed.tensors, metadata: () => parsed.metadata ?? {} };
  } catch (error) {
    throw named(explainForeign(error, head), source);
  }
}

interface Named {
  readonly name: string;
}

/** An error about the content of a file, which also says which file that is. */
export function named(error: unknown, { name: source }: Named): unknown {
  if (!isPytree2SafetensorsError(error) || error.source !== undefined) return error;
  return amendError(error, printable(source), { source });
}
