/** What every kind of sink is: a function that recognises its outputs and opens them. */
import type { Awaitable } from "../../base/types.ts";
import type { SinkOptions } from "../options.ts";
import type { ByteSink } from "../types.ts";

/** A sink of ours that gathers chunks: one that `stays` as it is until the sink is closed or aborted need not be copied. */
export interface GatheringSink extends ByteSink {
  write(chunk: Uint8Array, stays?: boolean): Awaitable<void>;
}

/** A sink that was opened, and what messages call it. */
export interface OpenedSink {
  readonly sink: GatheringSink;
  readonly name: string;
}

/** Opens an output of one kind; `undefined` if the output is of another kind. */
export type SinkKind = (output: unknown, options: SinkOptions) => Awaitable<OpenedSink> | undefined;
