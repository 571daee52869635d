import { Pytree2SafetensorsError } from "../base/errors.ts";
import { planReads, type ReadGroup, splitRead } from "../format/plan.ts";
import { Limiter } from "../io/limiter.ts";
import type { ByteSource } from "../io/types.ts";

import { CastStream } from "../tensor/cast-stream.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ArrayInfo } from "./adapter.ts";
import type { ProgressCounter } from "./progress.ts";

/** One tensor to read: where its bytes are, and what is to become of them. */
export interface TensorRead extends ArrayInfo {
  readonly name: string;
  readonly source: ByteSource;
  /** Absolute offsets in the source. */
  readonly start: number;
  readonly end: number;
  /** Where the data of the source begin, absolute: what is aligned to there is aligned in memory. */
  readonly dataStart: number;
  /** The dtype to convert to while reading. */
  readonly cast?: Dtype | undefined;
  readonly lossy?: boolean | undefined;
  /** Memory for the result. */
  readonly into?: ArrayBufferView | undefined;
  /** Its place among the names that were asked for. */
  readonly place: number;
}

/** Tensors that have been read together; `members` are their places in the list of reads. */
export interface ReadTensors {
  readonly members: readonly number[];
  readonly tensors: readonly Tensor[];
}

// One read of the operating system or one HTTP request: large enough that its overhead vanishes, small
// enough that several at once share the work of touching fresh memory.
const PIECE_BYTES = 16 * 2 ** 20;
// Neighbours up to this much share an allocation, so that small tensors cost no read of their own, and so
// that a tensor that is kept holds no more than this of others.
const GROUP_BYTES = 32 * 2 ** 20;
// Views of memory that is there cost nothing, up to the size that every runtime has views of.
const VIEW_BYTES = 2 ** 30;
// What is read ahead while the consumer is busy, at most: beside the result this is all the memory there is.
const AHEAD_BYTES = 128 * 2 ** 20;

/**
 * Reads tensors, in the order of their sources and offsets, and yields them group by group. Neighbours are
 * read together, large ones in pieces and several pieces at once. When the consumer stops early, or
 * anything fails, the other reads are aborted and waited for.
 */
export async function* readTensors(
  reads: readonly TensorRead[],
  options: { readonly signal?: AbortSignal | undefined; readonly progress?: ProgressCounter | undefined },
): AsyncGenerator<ReadTensors, void, undefined> {
  const aborter = new AbortController();
  const outer = options.signal;
  const forward = () => aborter.abort(outer?.reason);
  outer?.throwIfAborted();
  outer?.addEventListener("abort", forward, { once: true });
  const context: ReadContext = { signal: aborter.signal, progress: options.progress, limiters: new Map() };
  const ahead: { bytes: number; done: Promise<ReadTensors> }[] = [];
  let bytesAhead = 0;
  try {
    for (const job of planJobs(reads)) {
      while (ahead.length > 0 && bytesAhead + job.bytes > AHEAD_BYTES) {
        const first = ahead.shift()!;
        yield await first.done;
        bytesAhead -= first.bytes;
      }
      outer?.throwIfAborted();
      const done = runJob(job, reads, context);
      done.catch(() => {}); // looked at when its turn comes
      ahead.push({ bytes: job.bytes, done });
      bytesAhead += job.bytes;
    }
    for (let first = ahead.shift(); first; first = ahead.shift()) yield await first.done;
  } catch (error) {
    outer?.throwIfAborted();
    throw error;
  } finally {
    outer?.removeEventListener("abort", forward);
    aborter.abort();
    await Promise.allSettled(ahead.map((job) => job.done));
  }
}

interface ReadContext {
  readonly signal: AbortSignal;
  readonly progress: ProgressCounter | undefined;
  readonly limiters: Map<ByteSource, Limiter>;
}

/** A group of neighbours that is read at once, or one tensor that is handled alone. */
interface Job {
  readonly kind: "views" | "group" | "into" | "cast";
  readonly source: ByteSource;
  readonly group: ReadGroup;
  readonly bytes: number;
}

function* planJobs(reads: readonly TensorRead[]): Generator<Job, void, undefined> {
  for (let from = 0; from < reads.length; ) {
    // A run of one source and one kind; within it the plan sorts and groups.
    const { source } = reads[from]!;
    const kind = kindOf(reads[from]!);
    let to = from + 1;
    while (to < reads.length && reads[to]!.source === source && kindOf(reads[to]!) === kind) to++;
    if (kind === "group" || kind === "views") {
      const run = reads.slice(from, to);
      const limits =
        kind === "views" ? { maxGap: VIEW_BYTES, maxGroup: VIEW_BYTES } : { maxGroup: GROUP_BYTES };
      for (const group of planReads(run, limits)) {
        const members = from === 0 ? group.members : group.members.map((member) => member + from);
        yield {
          kind,
          source,
          group: { ...group, members },
          bytes: kind === "views" ? 0 : group.end - group.start,
        };
      }
    } else {
      for (let k = from; k < to; k++) {
        const { start, end } = reads[k]!;
        yield {
          kind,
          source,
          group: { start, end, members: [k] },
          bytes: Math.min(end - start, PIECE_BYTES),
        };
      }
    }
    from = to;
  }
}

function kindOf(read: TensorRead): Job["kind"] {
  if (read.cast !== undefined && read.cast !== read.dtype) return "cast";
  if (read.into !== undefined) return "into";
  return read.source.resident ? "views" : "group";
}

function runJob(job: Job, reads: readonly TensorRead[], context: ReadContext): Promise<ReadTensors> {
  switch (job.kind) {
    case "views":
      return readViews(job, reads, context);
    case "group":
      return readGroup(job, reads, context);
    case "into":
      return readInto(job, reads[job.group.members[0]!]!, context);
    case "cast":
      return readCast(job, reads[job.group.members[0]!]!, context);
  }
}

/** Views of memory that is there already. */
async function readViews(job: Job, reads: readonly TensorRead[], context: ReadContext): Promise<ReadTensors> {
  const { start, end, members } = job.group;
  const bytes = await job.source.read(start, end, { signal: context.signal });
  context.progress?.add(end - start, reads[members[0]!]!.name);
  return tensorsIn(bytes.buffer, bytes.byteOffset - start, members, reads);
}

/** Neighbours in one allocation. */
async function readGroup(job: Job, reads: readonly TensorRead[], context: ReadContext): Promise<ReadTensors> {
  const { start, end, members } = job.group;
  const label = reads[members[0]!]!.name;
  // The group begins in its buffer where it begins among the data modulo 8, so that what a header of an
  // odd length puts at odd places of the file is aligned here all the same. One alone begins at 0.
  const lead = members.length === 1 ? 0 : (start - reads[members[0]!]!.dataStart) % 8;
  const buffer = allocate(end - start + lead, label);
  await readPieces(job.source, start, end, buffer, lead, label, context);
  return tensorsIn(buffer, lead - start, members, reads);
}

/** The tensors of a group, over memory where the byte at `start` of the source lies at `start + shift`. */
function tensorsIn(
  buffer: ArrayBufferLike,
  shift: number,
  members: readonly number[],
  reads: readonly TensorRead[],
): ReadTensors {
  const tensors = members.map((index) => {
    const { dtype, shape, start, end } = reads[index]!;
    return Tensor.fromBuffer(dtype, shape, buffer, start + shift, end - start);
  });
  return { members, tensors };
}

/** One tensor into memory that the caller gave. */
async function readInto(job: Job, read: TensorRead, context: ReadContext): Promise<ReadTensors> {
  const into = requireInto(read, read.end - read.start);
  await readPieces(job.source, read.start, read.end, into.buffer, into.byteOffset, read.name, context);
  const tensor = Tensor.fromBuffer(read.dtype, read.shape, into.buffer, into.byteOffset, into.byteLength);
  return { members: job.group.members, tensors: [tensor] };
}

/** One tensor, converted piece by piece, so that the file's form of it is never in memory whole. */
async function readCast(job: Job, read: TensorRead, context: ReadContext): Promise<ReadTensors> {
  const target = read.cast ?? read.dtype;
  const bytes = byteLengthOf(target, read.shape);
  const into = read.into && requireInto(read, bytes);
  const buffer = into?.buffer ?? allocate(bytes, read.name);
  const tensor = Tensor.fromBuffer(target, read.shape, buffer, into?.byteOffset ?? 0, bytes);
  const stream = new CastStream(read.dtype, tensor, { lossy: read.lossy ?? false, name: read.name });
  const limiter = limiterOf(job.source, context);
  for (const piece of splitRead(read.start, read.end, PIECE_BYTES / 2)) {
    const chunk = await limiter.run(piece.end - piece.start, context.signal, async () =>
      job.source.read(piece.start, piece.end, { signal: context.signal }),
    );
    stream.push(chunk);
    context.progress?.add(chunk.byteLength, read.name);
  }
  return { members: job.group.members, tensors: [tensor] };
}

async function readPieces(
  source: ByteSource,
  start: number,
  end: number,
  buffer: ArrayBufferLike,
  offset: number,
  name: string,
  context: ReadContext,
): Promise<void> {
  const limiter = limiterOf(source, context);
  const { signal, progress } = context;
  await Promise.all(
    splitRead(start, end, PIECE_BYTES).map((piece) =>
      limiter.run(piece.end - piece.start, signal, async () => {
        signal.throwIfAborted();
        const into = new Uint8Array(buffer, offset + piece.start - start, piece.end - piece.start);
        const got = await source.read(piece.start, piece.end, { signal, into });
        if (got !== into) into.set(got); // a source that reads into memory of its own
        progress?.add(into.byteLength, name);
      }),
    ),
  );
}

function limiterOf(source: ByteSource, context: ReadContext): Limiter {
  let limiter = context.limiters.get(source);
  if (limiter === undefined) {
    limiter = new Limiter(source.parallel ?? 1, AHEAD_BYTES);
    context.limiters.set(source, limiter);
  }
  return limiter;
}

/** Fresh memory, or an error that says how much could not be had. */
function allocate(bytes: number, name: string): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new Pytree2SafetensorsError(
      "TooLarge",
      `tensor ${JSON.stringify(name)}: this runtime gives no ${bytes} bytes at once; read it with slice() or stream()`,
      { tensor: name, expected: `${bytes} bytes`, cause },
    );
  }
}

function requireInto(read: TensorRead, bytes: number): ArrayBufferView {
  const into = read.into!;
  if (into.byteLength === bytes) return into;
  throw new Pytree2SafetensorsError(
    "InvalidArgument",
    `tensor ${JSON.stringify(read.name)} has ${bytes} bytes, the memory given by "into" has ${into.byteLength}`,
    { tensor: read.name, expected: `${bytes} bytes`, found: `${into.byteLength} bytes` },
  );
}
