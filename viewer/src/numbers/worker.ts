// The worker: computes on chunks that the page reads, with the code of the command line.

import { type ChunkReader, isFloat } from "../../../src/cli/values/chunks.ts";
import { compare } from "../../../src/cli/values/comparison.ts";
import { Moments } from "../../../src/cli/values/moments.ts";
import { percentilesOf } from "../../../src/cli/values/percentiles.ts";
import { measure, summarize } from "../../../src/cli/values/stats.ts";
import type { FromWorker, Job, JobTensor, Results, Start, ToWorker } from "./protocol.ts";

addEventListener("message", ({ data }: MessageEvent<Start>) => {
  const { job, port } = data;
  const reader = new PortReader(port, job.kind === "compare" ? [job.a, job.b] : [job.tensor]);
  const answer = (message: FromWorker) => port.postMessage(message);
  run(job, reader).then(
    (result) => answer({ type: "result", result }),
    (error: unknown) => answer({ type: "failed", message: String(error) }),
  );
});

async function run(job: Job, reader: PortReader): Promise<Results[keyof Results]> {
  const { signal } = reader;
  if (job.kind === "measure") {
    const { key, name, info } = job.tensor;
    const measured = await measure(reader, key, { signal });
    return summarize({ name, dtype: info.dtype, shape: info.shape }, measured, job.bins);
  }
  if (job.kind === "percentiles") return percentilesOf(reader, job.tensor.key, job.percents, signal);
  const { a, b } = job;
  const differences = new Moments(!isFloat(a.info.dtype) && !isFloat(b.info.dtype));
  const pair = { a: reader, b: reader, nameA: a.key, nameB: b.key };
  const comparison = await compare(pair, { signal, differences });
  return { ...comparison, differences: differences.histogram.bins(job.bins) };
}

/** Stands for the open file, which lives in the page: asks it for chunk after chunk. */
class PortReader implements ChunkReader {
  readonly #port: MessagePort;
  readonly #tensors: ReadonlyMap<string, JobTensor>;
  readonly #abort = new AbortController();
  readonly #waiting = new Map<number, (chunk: Uint8Array | undefined) => void>();
  #streams = 0;

  constructor(port: MessagePort, tensors: readonly JobTensor[]) {
    this.#port = port;
    this.#tensors = new Map(tensors.map((tensor) => [tensor.key, tensor]));
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => {
      if (data.type === "abort") {
        this.#abort.abort();
        for (const wake of this.#waiting.values()) wake(undefined);
      } else this.#waiting.get(data.stream)?.(data.chunk);
    };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  info(key: string) {
    return this.#tensors.get(key)!.info;
  }

  async *stream(key: string, { chunkBytes = 2 ** 22 }: { readonly chunkBytes?: number } = {}) {
    const stream = this.#streams++;
    this.#post({ type: "open", stream, key, chunkBytes });
    try {
      for (;;) {
        const chunk = await new Promise<Uint8Array | undefined>((resolve) => {
          this.#waiting.set(stream, resolve);
          this.#post({ type: "next", stream });
        });
        this.signal.throwIfAborted();
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      this.#waiting.delete(stream);
      this.#post({ type: "return", stream });
    }
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}
