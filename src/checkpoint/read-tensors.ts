/** Reads tensors: neighbours together, large ones in pieces, several pieces at once, in bounded memory. */
import {
  type ByteRange,
  planReads,
  type ReadGroup,
  type ReadPlanOptions,
  splitRead,
} from "../format/read-plan.ts";
import { onAbort } from "../io/abort.ts";
import { Limiter } from "../io/limiter.ts";
import type { ByteSource } from "../io/types.ts";
import { CastStream } from "../tensor/cast-stream.ts";
import { type Tensor, tensorAt } from "../tensor/tensor.ts";
import type { ProgressCounter } from "./progress.ts";
import { targetTensor } from "./target.ts";
import { type Readable, totalBytes } from "./tensor-read.ts";

/** Options of {@link readTensors}. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ProgressCounter | undefined;
  /** Whether the consumer keeps every tensor: then nothing is gained by reading few of them ahead. */
  readonly kept?: boolean | undefined;
}

/** Tensors that have been read together. */
export interface ReadTensors<R extends Readable = Readable> {
  readonly members: readonly R[];
  /** The tensor of each member. */
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
// Up to this much is read at once into memory that its source makes: in pieces that are copied together, 256 MiB take
// 1.7 times as long in a browser. Of larger ones, each piece is progress, and closing waits for no more than a piece.
const FRESH_BYTES = 256 * 2 ** 20;
// What is converted at once, and the scratch memory for it.
const CHUNK_BYTES = 8 * 2 ** 20;
// What is read ahead while the consumer is busy, at most: beside the result this is all the memory there is.
const AHEAD_BYTES = 128 * 2 ** 20;

/**
 * Reads tensors, in the order of their files and offsets, and yields them group by group. When the consumer stops
 * early, or anything fails, the other reads are aborted and waited for.
 */
export async function* readTensors<R extends Readable>(
  reads: readonly R[],
  options: ReadOptions,
): AsyncGenerator<ReadTensors<R>, void, undefined> {
  const aborter = new AbortController();
  const outer = options.signal;
  outer?.throwIfAborted();
  const stopListening = onAbort(outer, () => aborter.abort(outer?.reason));
  const context: ReadContext = { signal: aborter.signal, progress: options.progress, limiters: new Map() };
  const ahead: { bytes: number; done: Promise<ReadTensors<R>> }[] = [];
  let bytesAhead = 0;
  try {
    for (const job of planJobs(reads, options.kept ?? false)) {
      while (ahead.length > 0 && bytesAhead + job.bytes > AHEAD_BYTES) {
        const first = ahead.shift()!;
        yield await first.done;
        bytesAhead -= first.bytes;
      }
      outer?.throwIfAborted();
      // The members are of what was given.
      const done = KINDS[job.kind].read(job, context) as Promise<ReadTensors<R>>;
      done.catch(() => {}); // looked at when its turn comes
      ahead.push({ bytes: job.bytes, done });
      bytesAhead += job.bytes;
    }
    for (let first = ahead.shift(); first; first = ahead.shift()) yield await first.done;
  } catch (error) {
    outer?.throwIfAborted();
    throw error;
  } finally {
    stopListening();
    aborter.abort();
    await Promise.allSettled(ahead.map((job) => job.done));
  }
}

interface ReadContext {
  readonly signal: AbortSignal;
  readonly progress: ProgressCounter | undefined;
  readonly limiters: Map<ByteSource, Limiter>;
}

type Kind = "views" | "fresh" | "group" | "into" | "cast";

/** A group of neighbours that is read at once, or one tensor that is handled alone. */
interface Job {
  readonly kind: Kind;
  readonly source: ByteSource;
  readonly group: ReadGroup<Readable>;
  readonly bytes: number;
}

// How neighbours of each kind are planned and read.
const KINDS: Readonly<
  Record<Kind, { plan: ReadPlanOptions; read(job: Job, context: ReadContext): Promise<ReadTensors> }>
> = {
  views: { plan: { maxGap: VIEW_BYTES, maxGroup: VIEW_BYTES }, read: readViews },
  fresh: { plan: {}, read: readViews }, // the plan's own 16 MiB: one read each
  group: { plan: { maxGroup: GROUP_BYTES }, read: readGroup },
  into: { plan: { maxGroup: 0 }, read: readAlone },
  cast: { plan: { maxGroup: CHUNK_BYTES }, read: readCasts },
};

function* planJobs(reads: readonly Readable[], kept: boolean): Generator<Job, void, undefined> {
  for (let from = 0; from < reads.length; ) {
    // A run of one file and one kind; within it the plan groups.
    const { file } = reads[from]!;
    const { source } = file;
    const { resident = false, fresh = false } = source;
    const kind = kindOf(reads[from]!, resident, fresh);
    let to = from + 1;
    while (to < reads.length && reads[to]!.file === file && kindOf(reads[to]!, resident, fresh) === kind)
      to++;
    const run = from === 0 && to === reads.length ? reads : reads.slice(from, to);
    const keeps = kept && kind === "group";
    for (const group of planReads(run, keeps ? planOfKept(run) : KINDS[kind].plan)) {
      yield { kind, source, group, bytes: keeps ? 0 : bytesAhead(kind, group) };
    }
    from = to;
  }
}

function planOfKept(run: readonly Readable[]): ReadPlanOptions {
  const share = Math.ceil(totalBytes(run) / KEPT_GROUPS);
  return { maxGroup: Math.min(VIEW_BYTES, Math.max(GROUP_BYTES, share)) };
}

/** What a job counts for among the bytes that are read ahead. */
function bytesAhead(kind: Kind, { start, end }: ByteRange): number {
  if (kind === "views") return 0;
  // Two casts at once: one reads while the other converts, and each has one chunk of scratch memory.
  return kind === "cast" && end - start >= CHUNK_BYTES ? AHEAD_BYTES / 2 : Math.min(end - start, AHEAD_BYTES);
}

function kindOf({ dtype, as, start, end }: Readable, resident: boolean, fresh: boolean): Kind {
  if ((as?.cast ?? dtype) !== dtype) return "cast";
  if (as?.into) return "into";
  if (resident && end - start <= VIEW_BYTES) return "views";
  return fresh && end - start <= FRESH_BYTES ? "fresh" : "group";
}

/** Views of memory that is there already, or that the source makes for them. */
async function readViews({ source, group }: Job, context: ReadContext): Promise<ReadTensors> {
  const { start, end, members } = group;
  const { name, file } = members[0]!;
  const { signal, progress } = context;
  // Memory that begins where it would among the data modulo 8 has aligned what is aligned there.
  const lead = (start - file.dataStart) % 8;
  const bytes = await limiterOf(source, context).run(end - start, signal, async () =>
    source.read(start - lead, end, { signal }),
  );
  progress?.add(end - start, name);
  return tensorsIn(bytes.buffer, bytes.byteOffset + lead - start, members);
}

/** Neighbours in one allocation. */
async function readGroup(job: Job, context: ReadContext): Promise<ReadTensors> {
  const { source, group } = job;
  const { start, end, members } = group;
  const { name, file } = members[0]!;
  if (members.length === 1) return readAlone(job, context);
  // The group begins in its buffer where it begins among the data modulo 8, so that what a header of an
  // odd length puts at odd places of the file is aligned here all the same.
  const lead = (start - file.dataStart) % 8;
  const bytes = new Uint8Array(lead + end - start).subarray(lead);
  await readPieces(source, start, end, bytes, name, context);
  return tensorsIn(bytes.buffer, lead - start, members);
}

/** The tensors of a group, over memory where the byte at `start` of the source lies at `start + shift`. */
function tensorsIn(buffer: ArrayBufferLike, shift: number, members: readonly Readable[]): ReadTensors {
  const tensors = members.map(({ dtype, shape, start, end }) =>
    tensorAt(dtype, shape, buffer, start + shift, end - start),
  );
  return { members, tensors };
}

/** Tensors in memory of their own, the caller's if it gave some; several only where they are empty. */
async function readAlone({ source, group: { members } }: Job, context: ReadContext): Promise<ReadTensors> {
  const tensors = members.map(async ({ name, dtype, shape, start, end, as }) => {
    const tensor = targetTensor(name, dtype, shape, as?.into);
    await readPieces(source, start, end, tensor.data, name, context);
    return tensor;
  });
  return { members, tensors: await Promise.all(tensors) };
}

/** Tensors that are converted chunk by chunk: the file's form of them is never in memory whole. */
async function readCasts({ source, group }: Job, context: ReadContext): Promise<ReadTensors> {
  const { start, end, members } = group;
  const targets = members.map(castTarget);
  const limiter = limiterOf(source, context);
  const { signal, progress } = context;
  const scratch =
    source.resident || source.fresh ? undefined : new Uint8Array(Math.min(end - start, CHUNK_BYTES));
  // A group of several is one chunk; one alone may be many.
  for (const piece of splitRead(start, end, CHUNK_BYTES)) {
    const length = piece.end - piece.start;
    const chunk = await limiter.run(length, signal, async () =>
      source.read(piece.start, piece.end, { signal, into: scratch?.subarray(0, length) }),
    );
    for (const { read, stream } of targets) {
      const from = Math.max(read.start, piece.start);
      const to = Math.min(read.end, piece.end);
      if (from >= to) continue;
      stream.push(chunk.subarray(from - piece.start, to - piece.start));
      progress?.add(to - from, read.name);
    }
  }
  return { members, tensors: targets.map(({ tensor }) => tensor) };
}

function castTarget(read: Readable) {
  const { name, dtype, shape, as } = read;
  const tensor = targetTensor(name, as!.cast ?? dtype, shape, as!.into);
  const options = { lossy: as!.lossy ?? false, name, ...(as!.overflow && { overflow: as!.overflow }) };
  return { read, tensor, stream: new CastStream(dtype, tensor, options) };
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
  const onBytes = (bytes: number) => progress?.add(bytes, name);
  await Promise.all(
    splitRead(start, end, PIECE_BYTES).map((piece) =>
      limiter.run(piece.end - piece.start, signal, async () => {
        signal.throwIfAborted();
        const offset = target.byteOffset + piece.start - start;
        const into = new Uint8Array(target.buffer, offset, piece.end - piece.start);
        await source.read(piece.start, piece.end, { signal, into, onBytes });
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
