// Runs jobs in a worker and feeds it the bytes, which the page reads through the open file.
import type { SafetensorsFile } from "../../../src/index.ts";
import type { FromWorker, Job, JobTensor, Results, Start, ToWorker } from "./protocol.ts";

/** A tensor of an open file. */
export interface TensorPlace {
  readonly file: SafetensorsFile;
  readonly name: string;
}

/** How a job is run. */
export interface ComputeOptions {
  readonly signal: AbortSignal;
  /** Bins of the histogram at most. */
  readonly bins?: number;
  /** Bytes that were read, added up. */
  readonly onBytes?: (bytes: number) => void;
}

// As many as the command draws by default.
const BINS = 24;

/** Counts, extremes, moments and a histogram of a tensor's values. */
export function measureTensor(place: TensorPlace, options: ComputeOptions): Promise<Results["measure"]> {
  const tensor = jobTensor("a", place);
  const job: Job = { kind: "measure", tensor, bins: options.bins ?? BINS };
  return compute<"measure">(job, { a: place }, options);
}

/** Exact percentiles of a tensor's values; large tensors are read a few times for them. */
export function findPercentiles(
  place: TensorPlace,
  percents: readonly number[],
  options: ComputeOptions,
): Promise<Results["percentiles"]> {
  const job: Job = { kind: "percentiles", tensor: jobTensor("a", place), percents };
  return compute<"percentiles">(job, { a: place }, options);
}

/** How the values of two tensors of one shape differ. */
export function compareTensors(
  a: TensorPlace,
  b: TensorPlace,
  options: ComputeOptions,
): Promise<Results["compare"]> {
  const bins = options.bins ?? BINS;
  const job: Job = { kind: "compare", a: jobTensor("a", a), b: jobTensor("b", b), bins };
  return compute<"compare">(job, { a, b }, options);
}

function jobTensor(key: string, { file, name }: TensorPlace): JobTensor {
  const { dtype, shape, byteLength } = file.info(name);
  return { key, name, info: { dtype, shape: [...shape], byteLength } };
}

let worker: Worker | undefined;

function compute<K extends keyof Results>(
  job: Job,
  places: Readonly<Record<string, TensorPlace>>,
  options: ComputeOptions,
): Promise<Results[K]> {
  worker ??= new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const { port1: port, port2 } = new MessageChannel();
  const started: Start = { job, port: port2 };
  worker.postMessage(started, [port2]);
  return serve<Results[K]>(port, places, options);
}

/** Answers the worker's questions until it has a result. */
function serve<R>(
  port: MessagePort,
  places: Readonly<Record<string, TensorPlace>>,
  { signal, onBytes }: ComputeOptions,
): Promise<R> {
  const streams = new Map<number, AsyncGenerator<Uint8Array, void, undefined>>();
  let read = 0;
  return new Promise<R>((resolve, reject) => {
    const tell = (message: ToWorker, transfer: Transferable[] = []) => port.postMessage(message, transfer);
    const end = () => {
      signal.removeEventListener("abort", abort);
      for (const stream of streams.values()) stream.return().catch(() => {}); // the job is over either way
      port.close();
    };
    const fail = (error: unknown) => {
      tell({ type: "abort" });
      end();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    const next = async (stream: number) => {
      const { value } = (await streams.get(stream)?.next()) ?? {};
      if (!(value instanceof Uint8Array)) return tell({ type: "chunk", stream, chunk: undefined });
      read += value.byteLength;
      onBytes?.(read);
      // Memory that holds nothing else goes to the worker without a copy.
      const chunk = value.byteLength === value.buffer.byteLength ? value : value.slice();
      tell({ type: "chunk", stream, chunk }, [chunk.buffer as ArrayBuffer]);
    };
    port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "open") {
        const { file, name } = places[data.key]!;
        streams.set(data.stream, file.stream(name, { signal, chunkBytes: data.chunkBytes }));
      } else if (data.type === "next") next(data.stream).catch(fail);
      else if (data.type === "return") {
        streams
          .get(data.stream)
          ?.return()
          .catch(() => {}); // the worker has all it wants
        streams.delete(data.stream);
      } else if (data.type === "result") {
        end();
        resolve(data.result as R);
      } else fail(new Error(data.message));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
