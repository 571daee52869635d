/** The kind of an error, for programs. The codes of the first group are named as in the reference implementation. */
export type ErrorCode =
  // The format (names of the `SafeTensorError` enum in the reference implementation).
  | "HeaderTooSmall"
  | "HeaderTooLarge"
  | "InvalidHeaderLength"
  | "InvalidHeader"
  | "InvalidHeaderDeserialization"
  | "InvalidOffset"
  | "TensorInvalidInfo"
  | "ValidationOverflow"
  | "MisalignedSlice"
  | "MetadataIncompleteBuffer"
  | "TensorNotFound"
  | "InvalidTensorView"
  // The format, at save.
  | "InvalidName"
  | "InvalidMetadata"
  // Tensors.
  | "InvalidTensor"
  | "InvalidSlice"
  | "UnsupportedDtype"
  | "LossyConversion"
  | "TooLarge"
  // Trees and key strings.
  | "InvalidKeyString"
  | "UnsupportedKey"
  | "UnsupportedLeaf"
  | "DuplicateKey"
  | "KeyConflict"
  | "CircularTree"
  | "DepthLimit"
  | "GapLimit"
  | "InvalidRegistration"
  | "StructureMismatch"
  | "InvalidStructure"
  // Weights into templates.
  | "ShapeMismatch"
  | "WeightsMismatch"
  | "AmbiguousKey"
  // Sources and sinks.
  | "UnsupportedSource"
  | "UnsupportedSink"
  | "SourceChanged"
  | "SourceClosed"
  | "ShortRead"
  | "HttpError"
  | "IoError"
  | "WriteError"
  | "Timeout"
  // Sharded checkpoints.
  | "InvalidIndex"
  | "MissingShard"
  // Training.
  | "StepExists"
  | "StepNotFound"
  | "StoreLocked"
  | "ManagerClosed"
  // Calls.
  | "InvalidArgument"
  | "AsyncAdapter"
  | "AdapterError";

/** One thing that is wrong: an element of {@link Pytree2SafetensorsError.faults}. */
export interface Fault {
  /** What is wrong, for programs. */
  readonly code: ErrorCode;
  /** What is wrong, for people. */
  readonly message: string;
  /** The tensor's name in the file, which is its key string. */
  readonly tensor?: string;
  /** The key path in JAX's spelling, `.layers[0]['w']`. */
  readonly keyPath?: string;
  /** What was expected. */
  readonly expected?: string;
  /** What was found instead. */
  readonly found?: string;
}

/** The fields of an error besides its message. A field that doesn't apply is absent. */
export interface ErrorDetails extends Omit<Fault, "code" | "message"> {
  /** Where the bytes came from or went to: a path, a URL, a name. */
  readonly source?: string;
  /** The HTTP status of the response that caused it. */
  readonly status?: number;
  /** How many finite values became infinity or NaN in a cast. Set only on a `LossyConversion` caused by overflow. */
  readonly overflowed?: number;
  /** Every problem that was found. The first one is this error itself. */
  readonly faults?: readonly Fault[];
  /** The error that caused this one. */
  readonly cause?: unknown;
}

// A registered symbol, so that the guard also recognizes errors of another copy of this package.
const BRAND = Symbol.for("pytree2safetensors.error");

/**
 * The error class of this package. `code` says what went wrong; the other fields say where, what was expected and what
 * was found.
 *
 * @example
 * ```ts
 * try {
 *   await loadPytree("model.safetensors");
 * } catch (error) {
 *   if (isPytree2SafetensorsError(error)) console.log(error.code, error.tensor);
 *   else throw error;
 * }
 * ```
 */
export class Pytree2SafetensorsError extends Error {
  override readonly name = "Pytree2SafetensorsError";
  readonly code: ErrorCode;
  declare readonly tensor?: string;
  declare readonly keyPath?: string;
  declare readonly expected?: string;
  declare readonly found?: string;
  declare readonly source?: string;
  declare readonly status?: number;
  declare readonly overflowed?: number;
  readonly faults: readonly Fault[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, faults, ...fields } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, fields);
    this.faults = faults ?? [{ code, message, ...faultFields(fields) }];
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }
}

function faultFields(fields: Omit<ErrorDetails, "cause" | "faults">): Omit<Fault, "code" | "message"> {
  const { source: _source, status: _status, overflowed: _overflowed, ...rest } = fields;
  return rest;
}

/**
 * Whether `value` is an error of this package. It also recognizes errors of another copy of the package in the same
 * program, for which `instanceof` is false.
 */
export function isPytree2SafetensorsError(value: unknown): value is Pytree2SafetensorsError {
  return value instanceof Error && (value as { [BRAND]?: unknown })[BRAND] === true;
}

/**
 * The same error with more about where it happened. Its own fields stay; `details` fill in those that it lacks.
 *
 * @param prefix Goes before the message, as `tensor "w"` does.
 */
export function amendError(
  error: Pytree2SafetensorsError,
  prefix: string,
  details: Omit<ErrorDetails, "faults" | "cause">,
): Pytree2SafetensorsError {
  // Own and enumerable are the fields alone: neither the message nor the stack.
  const { name: _, code, faults, ...own } = error;
  const fields = { ...details, ...own };
  return new Pytree2SafetensorsError(code, `${prefix}: ${error.message}`, {
    ...fields,
    // A single fault is this error itself. Its message says what is wrong; the message of the error also says where.
    faults: faults.length > 1 ? faults : [{ ...faultFields(fields), ...faults[0]! }],
    cause: error,
  });
}
