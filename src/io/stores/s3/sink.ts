/** Writes one object: a single PUT when it is small, else parts that are gathered, sent side by side and retried alone. */
import { placeError } from "../../faults.ts";
import type { ByteSink } from "../../types.ts";
import type { S3Client } from "./client.ts";
import { checkPartNumber, type PartPlan, planParts } from "./parts.ts";
import { Upload } from "./upload.ts";
import { makeObject, type ObjectWrite, objectHeaders } from "./written.ts";

/** How an object is written. */
export interface S3SinkOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether the key must be new: the write fails if an object is there. */
  readonly isNew?: boolean | undefined;
  /** The size of each part but the last; by default 5 MiB, and more for objects above 50 GB. */
  readonly partBytes?: number | undefined;
}

export class S3Sink implements ByteSink {
  readonly #client: S3Client;
  readonly #write: ObjectWrite;
  readonly #options: S3SinkOptions;
  readonly #name: string;
  /** Stops the parts under way when one of them, or the caller, gives up. */
  readonly #stop = new AbortController();
  #plan: PartPlan | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #spare: Uint8Array<ArrayBuffer>[] = [];
  #upload: Upload | undefined;
  #parts = 0;
  readonly #sending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(client: S3Client, key: string, options: S3SinkOptions) {
    this.#client = client;
    this.#write = { key, isNew: options.isNew ?? false, mark: crypto.randomUUID() };
    this.#options = options;
    this.#name = client.nameOf(key);
  }

  begin(totalBytes: number): void {
    this.#plan = planParts(totalBytes, this.#options.partBytes, this.#name);
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { partBytes, isSingle } = this.#planned();
    for (let at = 0; at < chunk.byteLength; ) {
      this.#check();
      this.#buffer ??= this.#spare.pop() ?? new Uint8Array(partBytes);
      const piece = chunk.subarray(at, at + this.#buffer.byteLength - this.#filled);
      if (piece.byteLength === 0) {
        const problem = `received more than the ${partBytes} bytes that were announced`;
        throw placeError("WriteError", this.#name, problem);
      }
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.byteLength;
      at += piece.byteLength;
      if (this.#filled === partBytes && !isSingle) await this.#sendPart();
    }
  }

  async close(): Promise<void> {
    try {
      await this.#finish();
    } catch (error) {
      await this.abort(error).catch(() => {}); // the error that led here is the one to see
      throw error;
    }
  }

  async #finish(): Promise<void> {
    this.#check();
    if (this.#upload === undefined) {
      const body = this.#buffer?.subarray(0, this.#filled) ?? new Uint8Array(0);
      const headers = objectHeaders(this.#write);
      const { signal } = this.#options;
      await makeObject(this.#client, this.#write, { method: "PUT", headers, body, signal });
      return;
    }
    if (this.#filled > 0) await this.#sendPart();
    await Promise.all(this.#sending);
    this.#check();
    await this.#upload.complete(this.#options.signal);
  }

  async abort(reason?: unknown): Promise<void> {
    this.#stop.abort(reason);
    await Promise.allSettled(this.#sending);
    await this.#upload?.abort();
  }

  #planned(): PartPlan {
    this.#plan ??= planParts(undefined, this.#options.partBytes, this.#name);
    return this.#plan;
  }

  #check(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Starts to send what is gathered; resolves once there is room to gather the next part. */
  async #sendPart(): Promise<void> {
    const { partBytes, atOnce } = this.#planned();
    const body = this.#buffer!;
    const filled = this.#filled;
    this.#buffer = undefined;
    this.#filled = 0;
    const number = ++this.#parts;
    checkPartNumber(number, partBytes, this.#name);
    this.#upload ??= new Upload(this.#client, this.#write);
    while (this.#sending.size >= atOnce) await Promise.race(this.#sending);
    const sending = this.#upload
      .sendPart(number, body.subarray(0, filled), this.#signal())
      .then(() => {
        this.#spare.push(body);
      })
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#stop.abort(error);
      })
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
    this.#check();
  }

  #signal(): AbortSignal {
    const { signal } = this.#options;
    return signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
  }
}
