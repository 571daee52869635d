/** The guard around every sink. */
import type { Awaitable } from "../../base/types.ts";
import { placeError } from "../faults.ts";
import type { GatheringSink } from "./kind.ts";

/**
 * The guard around every sink, ours and other people's: what was announced is what is written, an aborted
 * signal stops it, it ends once, and `abort` never hides the error that led to it.
 */
export class ExactSink implements Required<GatheringSink> {
  readonly #inner: GatheringSink;
  readonly #name: string;
  readonly #signal: AbortSignal | undefined;
  #total: number | undefined;
  #written = 0;
  #ended = false;

  constructor(inner: GatheringSink, name: string, signal: AbortSignal | undefined) {
    this.#inner = inner;
    this.#name = name;
    this.#signal = signal;
  }

  async begin(totalBytes: number): Promise<void> {
    this.#check();
    this.#total = totalBytes;
    await this.#inner.begin?.(totalBytes);
  }

  // No promise where there is nothing to wait for: small tensors come by the hundred thousand.
  write(chunk: Uint8Array, stays = false): Awaitable<void> {
    try {
      this.#check();
    } catch (error) {
      return Promise.reject(error);
    }
    this.#written += chunk.byteLength;
    return this.#inner.write(chunk, stays);
  }

  async close(): Promise<void> {
    try {
      this.#check();
      if (this.#total !== undefined && this.#written !== this.#total) {
        const problem = `${this.#total} bytes were announced, but ${this.#written} were written`;
        throw placeError("WriteError", this.#name, problem, {
          expected: `${this.#total} bytes`,
          found: `${this.#written} bytes`,
        });
      }
    } catch (error) {
      await this.abort(error);
      throw error;
    }
    this.#ended = true;
    await this.#inner.close();
  }

  async abort(reason?: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#inner.abort?.(reason);
    } catch {
      // The reason matters more, and whoever calls this has it.
    }
  }

  #check(): void {
    this.#signal?.throwIfAborted();
    if (!this.#ended) return;
    throw placeError("WriteError", this.#name, "used after it was closed or aborted");
  }
}
