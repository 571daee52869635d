import { planReads, type ReadGroup, type ReadPlanOptions, splitRead } from "../format/read-plan.ts";
import { Limiter } from "../io/limiter.ts";
import type { ByteSource } from "../io/types.ts";

import { CastStream } from "../tensor/cast-stream.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ArrayInfo } from "./adapter.ts";
import type { ProgressCounter } from "./progress.ts";
import { targetTensor } from "./target.ts";

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

/** Options of {@link readTensors}. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ProgressCounter | undefined;
  /** Whether the consumer keeps every tensor: then nothing is gained by reading few of them ahead. */
  readonly kept?: boolean | undefined;
}

/** Tensors that have been read together, each with its read. */
export interface ReadTensors {
  readonly members: readonly TensorRead[];
  readonly tensors: readonly Tensor[];
}

// One read of the operating system or one HTTP request: large enough that its overhead vanishes, small
// enough that several at once share the work of touching fresh memory.
const PIECE_BYTES = 16 * 2 ** 20;
// Neighbours up to this much share an allocation, so that small tensors cost no read of their own, and so
// that a tensor that is kept holds no more than this of others.
const GROUP_BYTES = 32 * 2 ** 20;
// Where all are kept, up to this part of them: V8 collects garbage for every 64 MiB of new buffers, and less often
// the larger they are. Halves gain no more.
const KEPT_GROUPS = 4;
// Views of memory that is there cost nothing, up to the size that Node 20 has views of.
const VIEW_BYTES = 2 ** 32 - 8;
// What is converted at once, and the scratch memory for it.
const CHUNK_BYTES = 8 * 2 ** 20;
// What is read ahead while the consumer is busy, at most: beside the result this is all the memory there is.
const AHEAD_BYTES = 128 * 2 ** 20;

/**
 * Reads tensors, in the order of their sources and offsets, and yields them group by group. Neighbours are
 * read together, large ones in pieces and several pieces at once. When the consumer stops early, or
 * anything fails, the other reads are aborted and waited for.
 */
export async function* readTensors(
  reads: readonly TensorRead[],
  options: ReadOptions,
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
    for (const job of planJobs(reads, options.kept ?? false)) {
      while (ahead.length > 0 && bytesAhead + job.bytes > AHEAD_BYTES) {
        const first = ahead.shift()!;
        yield await first.done;
        bytesAhead -= first.bytes;
      }
      outer?.throwIfAborted();
      const done = runJob(job, context);
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
  readonly group: ReadGroup<TensorRead>;
  readonly bytes: number;
}

function* planJobs(reads: readonly TensorRead[], kept: boolean): Generator<Job, void, undefined> {
  for (let from = 0; from < reads.length; ) {
    // A run of one source and one kind; within it the plan sorts and groups.
    const { source } = reads[from]!;
    const kind = kindOf(reads[from]!);
    let to = from + 1;
    while (to < reads.length && reads[to]!.source === source && kindOf(reads[to]!) === kind) to++;
    const run = reads.slice(from, to);
    const keeps = kept && kind === "group";
    for (const group of planReads(run, keeps ? groupingOfKept(run) : GROUPING[kind])) {
      yield { kind, source, group, bytes: keeps ? 0 : bytesAhead(kind, group) };
    }
    from = to;
  }
}

// How neighbours of each kind are read together.
const GROUPING: Readonly<Record<Job["kind"], ReadPlanOptions>> = {
  views: { maxGap: VIEW_BYTES, maxGroup: VIEW_BYTES },
  group: { maxGroup: GROUP_BYTES },
  into: { maxGroup: 0 },
  cast: { maxGroup: CHUNK_BYTES },
};

function groupingOfKept(run: readonly TensorRead[]): ReadPlanOptions {
  let bytes = 0;
  for (const { start, end } of run) bytes += end - start;
  return { maxGroup: Math.min(VIEW_BYTES, Math.max(GROUP_BYTES, Math.ceil(bytes / KEPT_GROUPS))) };
}

/** What a job counts for among the bytes that are read ahead. */
function bytesAhead(kind: Job["kind"], { start, end }: ReadGroup): number {
  if (kind === "views") return 0;
  // Two casts at once: one reads while the other converts, and each has one chunk of scratch memory.
  return kind === "cast" && end - start >= CHUNK_BYTES ? AHEAD_BYTES / 2 : Math.min(end - start, AHEAD_BYTES);
}

function kindOf(read: TensorRead): Job["kind"] {
  if (read.cast !== undefined && read.cast !== read.dtype) return "cast";
  if (read.into !== undefined) return "into";
  return read.source.resident && read.end - read.start <= VIEW_BYTES ? "views" : "group";
}

function runJob(job: Job, context: ReadContext): Promise<ReadTensors> {
  switch (job.kind) {
    case "views":
      return readViews(job, context);
    case "group":
      return readGroup(job, context);
    case "into":
      return readInto(job, context);
    case "cast":
      return readCasts(job, context);
  }
}

/** Views of memory that is there already. */
async function readViews(job: Job, context: ReadContext): Promise<ReadTensors> {
  const { start, end, members } = job.group;
  const bytes = await job.source.read(start, end, { signal: context.signal });
  context.progress?.add(end - start, members[0]!.name);
  return tensorsIn(bytes.buffer, bytes.byteOffset - start, members);
}

/** Neighbours in one allocation. */
async function readGroup(job: Job, context: ReadContext): Promise<ReadTensors> {
  const { start, end, members } = job.group;
  const first = members[0]!;
  if (members.length === 1) {
    const tensor = targetTensor(first.name, first.dtype, first.shape, undefined);
    await readPieces(job.source, start, end, tensor.data, first.name, context);
    return { members, tensors: [tensor] };
  }
  // The group begins in its buffer where it begins among the data modulo 8, so that what a header of an
  // odd length puts at odd places of the file is aligned here all the same.
  const lead = (start - first.dataStart) % 8;
  const bytes = new Uint8Array(lead + end - start).subarray(lead);
  await readPieces(job.source, start, end, bytes, first.name, context);
  return tensorsIn(bytes.buffer, lead - start, members);
}

/** The tensors of a group, over memory where the byte at `start` of the source lies at `start + shift`. */
function tensorsIn(buffer: ArrayBufferLike, shift: number, members: readonly TensorRead[]): ReadTensors {
  const tensors = members.map(({ dtype, shape, start, end }) => {
    return Tensor.fromBuffer(dtype, shape, buffer, start + shift, end - start);
  });
  return { members, tensors };
}

/** Tensors into memory that the caller gave; several only where they are empty. */
async function readInto(job: Job, context: ReadContext): Promise<ReadTensors> {
  const { members } = job.group;
  const tensors = members.map(async ({ name, dtype, shape, start, end, into }) => {
    const tensor = targetTensor(name, dtype, shape, into);
    await readPieces(job.source, start, end, tensor.data, name, context);
    return tensor;
  });
  return { members, tensors: await Promise.all(tensors) };
}

/** Tensors that are converted chunk by chunk: the file's form of them is never in memory whole. */
async function readCasts(job: Job, context: ReadContext): Promise<ReadTensors> {
  const { source } = job;
  const { start, end, members } = job.group;
  const targets = members.map(castTarget);
  const limiter = limiterOf(source, context);
  const { signal, progress } = context;
  const scratch = source.resident ? undefined : new Uint8Array(Math.min(end - start, CHUNK_BYTES));
  // A group of several is one chunk; one alone may be many.
  for (const piece of splitRead(start, end, CHUNK_BYTES)) {
    const length = piece.end - piece.start;
    const chunk = await limiter.run(length, signal, async () =>
      source.read(piece.start, piece.end, { signal, into: scratch?.subarray(0, length) }),
    );
    members.forEach((read, k) => {
      const from = Math.max(read.start, piece.start);
      const to = Math.min(read.end, piece.end);
      if (from >= to) return;
      targets[k]!.stream.push(chunk.subarray(from - piece.start, to - piece.start));
      progress?.add(to - from, read.name);
    });
  }
  return { members, tensors: targets.map(({ tensor }) => tensor) };
}

function castTarget({ name, dtype, shape, cast = dtype, lossy = false, into }: TensorRead) {
  const tensor = targetTensor(name, cast, shape, into);
  return { tensor, stream: new CastStream(dtype, tensor, { lossy, name }) };
}

async function readPieces(
  source: ByteSource,
  start: number,
  end: number,
  target: ArrayBufferView,
  name: string,
  context: ReadContext,
): Promise<void> {
  const limiter = limiterOf(source, context);
  const { signal, progress } = context;
  await Promise.all(
    splitRead(start, end, PIECE_BYTES).map((piece) =>
      limiter.run(piece.end - piece.start, signal, async () => {
        signal.throwIfAborted();
        const offset = target.byteOffset + piece.start - start;
        const into = new Uint8Array(target.buffer, offset, piece.end - piece.start);
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
