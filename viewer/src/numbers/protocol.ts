// What the page and its worker say to each other.

import type { Comparison } from "../../../src/cli/values/comparison.ts";
import type { Bins } from "../../../src/cli/values/histogram.ts";
import type { Percentile } from "../../../src/cli/values/percentiles.ts";
import type { TensorStats } from "../../../src/cli/values/stats.ts";
import type { TensorInfo } from "../../../src/index.ts";

/** A tensor of a job: the worker asks for its bytes by `key`. */
export interface JobTensor {
  readonly key: string;
  readonly name: string;
  readonly info: TensorInfo;
}

/** What the worker is to compute. */
export type Job =
  | { readonly kind: "measure"; readonly tensor: JobTensor; readonly bins: number }
  | { readonly kind: "percentiles"; readonly tensor: JobTensor; readonly percents: readonly number[] }
  | { readonly kind: "compare"; readonly a: JobTensor; readonly b: JobTensor; readonly bins: number };

/** A comparison with the histogram of the differences `b − a`. */
export interface ComparedPair extends Comparison {
  readonly differences: Bins;
}

/** What a job gives. */
export interface Results {
  readonly measure: TensorStats;
  readonly percentiles: readonly Percentile[];
  readonly compare: ComparedPair;
}

/** What starts a job; everything else of it goes over the port. */
export interface Start {
  readonly job: Job;
  readonly port: MessagePort;
}

/** From the worker: it wants the next chunk of a tensor, no more of it, or it is done. */
export type FromWorker =
  | { readonly type: "open"; readonly stream: number; readonly key: string; readonly chunkBytes: number }
  | { readonly type: "next"; readonly stream: number }
  | { readonly type: "return"; readonly stream: number }
  | { readonly type: "result"; readonly result: Results[keyof Results] }
  | { readonly type: "failed"; readonly message: string };

/** To the worker: a chunk, the end of a stream, or the end of the job. */
export type ToWorker =
  | { readonly type: "chunk"; readonly stream: number; readonly chunk: Uint8Array | undefined }
  | { readonly type: "abort" };
