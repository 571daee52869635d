/** A tensor of a call that reads, from its place in the file to what becomes of it. */
import { keepShape } from "../base/keep-shape.ts";
import type { ByteRange } from "../format/read-plan.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import type { Overflow } from "../tensor/overflow.ts";
import type { FilePart, FileTensor } from "./file-part.ts";

/** How a tensor is to be read. */
export interface ReadAs {
  /** The dtype to convert to while reading. */
  readonly cast?: Dtype | undefined;
  /** Lets `cast` change values that the new dtype can't hold. */
  readonly lossy?: boolean | undefined;
  /** Memory for the result. */
  readonly into?: ArrayBufferView | undefined;
  /** Counts the finite values that the cast made infinity or NaN. */
  readonly overflow?: Overflow | undefined;
}

const PLAIN: ReadAs = {};

/** What is read: a tensor as it is in the file, or a {@link TensorRead}. */
export type Readable = FileTensor & { readonly as?: ReadAs | undefined };

/** A tensor of a call: where it is, what it is to become, and once it has been read, what it became. */
export class TensorRead implements FileTensor {
  readonly tensor: FileTensor;
  /** How to read it: set before reading begins. */
  as: ReadAs = PLAIN;
  /** What was made of it. */
  value: unknown = undefined;

  constructor(tensor: FileTensor) {
    this.tensor = tensor;
  }

  get name(): string {
    return this.tensor.name;
  }

  get dtype(): Dtype {
    return this.tensor.dtype;
  }

  get shape(): readonly number[] {
    return this.tensor.shape;
  }

  get file(): FilePart {
    return this.tensor.file;
  }

  get start(): number {
    return this.tensor.start;
  }

  get end(): number {
    return this.tensor.end;
  }
}

/** The bytes that reads will take from their sources. */
export function totalBytes(reads: readonly ByteRange[]): number {
  return reads.reduce((sum, read) => sum + (read.end - read.start), 0);
}

keepShape(new TensorRead({} as FileTensor));
