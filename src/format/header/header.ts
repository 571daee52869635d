// The header of a safetensors file: from its bytes to the tensors of the file, checked.
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { keepShape } from "../../base/keep-shape.ts";
import { DTYPE_NAMES } from "../../tensor/dtypes.ts";
import type { TensorRef } from "../tensor-ref.ts";
import { decodeUtf8, encodeUtf8, invalidUtf8At } from "../utf8.ts";
import { checkOffsets } from "./check.ts";
import { decodeNames } from "./names.ts";
import { PREFIX_BYTES } from "./prefix.ts";
import { allocateRows, BEGIN, DTYPE, END, SHAPE_AT, WIDTH } from "./rows.ts";
import { HeaderScan, scanHeader } from "./scan.ts";
import { shapeReader } from "./shapes.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** The validated header of a safetensors file. */
export interface Header<F = unknown> {
  /** Where the data starts in the file: 8 + N. */
  readonly dataStart: number;
  /** The strings under `__metadata__`, read anew each time; `undefined` if there is no such entry or it is `null`. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** The tensors, in the order of their data. */
  readonly tensors: readonly TensorRef<F>[];
}

/**
 * Reads and validates the header of a safetensors file.
 *
 * @param header The N bytes after the first 8, N being {@link headerLength}. Nothing of them is kept.
 * @param fileSize The size of the whole file in bytes.
 * @param file What stands for the file in each {@link TensorRef}.
 * @throws InvalidHeader, InvalidHeaderDeserialization, InvalidOffset, ValidationOverflow, MisalignedSlice,
 * TensorInvalidInfo or MetadataIncompleteBuffer: the first in the reference implementation's order, the others
 * in `faults`.
 */
export function parseHeader<F>(header: Uint8Array, fileSize: number, file: F): Header<F> {
  // Shared memory could change between check and use.
  const bytes = header.buffer instanceof ArrayBuffer ? header : header.slice();
  const dataStart = PREFIX_BYTES + bytes.length;
  const scan = scanUtf8(bytes);
  const order = checkOffsets(scan, fileSize - dataStart);
  const { rows } = scan;
  const names = decodeNames(bytes, scan.names, order);
  const shapeAt = shapeReader(bytes);
  const tensors = new Array<TensorRef<F>>(names.length);
  for (let i = 0; i < names.length; i++) {
    const at = (order ? order[i]! : i) * WIDTH;
    tensors[i] = {
      name: names[i]!,
      dtype: DTYPE_NAMES[rows[at + DTYPE]!]!,
      shape: shapeAt(rows[at + SHAPE_AT]!),
      start: small(dataStart + rows[at + BEGIN]!),
      end: small(dataStart + rows[at + END]!),
      file,
    };
  }
  const metadata = scan.metadata?.slice();
  return {
    dataStart,
    tensors,
    // Not before somebody asks: a dict of a million tiny strings takes twenty times the bytes that it was written in.
    get metadata() {
      // The scan found strings only, and no key twice; `JSON.parse` makes own properties of all keys, `__proto__` too.
      return metadata && (JSON.parse(decodeUtf8(metadata)) as Record<string, string>);
    },
  };
}

// A double from a typed array would take an object of its own, where an integer of 32 bits takes none.
function small(offset: number): number {
  return offset <= 0x7fffffff ? offset | 0 : offset;
}

// Invalid UTF-8 comes first among the faults, but nearly every header is plain ASCII or at least valid: so the check
// comes last, and only where there is reason for it.
function scanUtf8(bytes: Uint8Array): HeaderScan {
  let scan: HeaderScan;
  try {
    scan = scanHeader(bytes);
  } catch (error) {
    checkUtf8(bytes);
    throw error;
  }
  if (scan.cursor.nonAscii) checkUtf8(bytes);
  return scan;
}

function checkUtf8(bytes: Uint8Array): void {
  const at = invalidUtf8At(bytes);
  if (at < 0) return;
  const found = `0x${bytes[at]!.toString(16)} at byte ${at}`;
  const message = `the header is not valid UTF-8: found ${found}`;
  throw new Pytree2SafetensorsError("InvalidHeader", message, { expected: "UTF-8", found });
}

const kept = encodeUtf8("[0]");
keepShape([new HeaderScan(kept, new SortedKeys(kept, 1), allocateRows(0)), shapeReader(kept)(0)]);
