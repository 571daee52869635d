/** Writes one object: a single PUT when it is small, else parts that are gathered, sent side by side and retried alone. */
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { sha256 } from "../../digest.ts";
import { Limiter } from "../../limiter.ts";
import type { ByteSink } from "../../types.ts";
import { base64, type S3Client } from "./client.ts";
import { checkPartNumber, type PartPlan, planParts } from "./parts.ts";
import { Upload } from "./upload.ts";
import { markHeaders, newHeaders, refusedAsOld, wasWritten } from "./written.ts";

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
  readonly #key: string;
  readonly #options: S3SinkOptions;
  readonly #name: string;
  /** Stops the parts under way when one of them, or the caller, gives up. */
  readonly #stop = new AbortController();
  #plan: PartPlan | undefined;
  #limiter = new Limiter(1, Number.POSITIVE_INFINITY);
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #spare: Uint8Array<ArrayBuffer>[] = [];
  #upload: Upload | undefined;
  #parts = 0;
  readonly #sending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(client: S3Client, key: string, options: S3SinkOptions) {
    this.#client = client;
    this.#key = key;
    this.#options = options;
    this.#name = client.nameOf(key);
  }

  begin(totalBytes: number): void {
    this.#setPlan(planParts(totalBytes, this.#options.partBytes, this.#name));
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { partBytes, isSingle } = this.#planned();
    for (let at = 0; at < chunk.byteLength; ) {
      this.#check();
      this.#buffer ??= this.#spare.pop() ?? new Uint8Array(partBytes);
      const piece = chunk.subarray(at, at + this.#buffer.byteLength - this.#filled);
      if (piece.byteLength === 0) {
        const message = `${this.#name}: received more than the ${partBytes} bytes that were announced`;
        throw new Pytree2SafetensorsError("WriteError", message, { source: this.#name });
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
      await this.#putWhole(this.#buffer?.subarray(0, this.#filled) ?? new Uint8Array(0));
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
    return this.#plan ?? this.#setPlan(planParts(undefined, this.#options.partBytes, this.#name));
  }

  #setPlan(plan: PartPlan): PartPlan {
    this.#limiter = new Limiter(plan.atOnce, Number.POSITIVE_INFINITY);
    this.#plan = plan;
    return plan;
  }

  #check(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Starts to send what is gathered; resolves once there is room to gather the next part. */
  async #sendPart(): Promise<void> {
    const { partBytes } = this.#planned();
    const body = this.#buffer!;
    const filled = this.#filled;
    this.#buffer = undefined;
    this.#filled = 0;
    const number = ++this.#parts;
    checkPartNumber(number, partBytes, this.#name);
    this.#upload ??= new Upload(this.#client, this.#key, this.#options.isNew ?? false);
    const upload = this.#upload;
    const signal = this.#signal();
    const started = new Promise<void>((resolve) => {
      const sending = this.#limiter
        .run(filled, signal, async () => {
          resolve();
          await upload.sendPart(number, body.subarray(0, filled), signal);
        })
        .then(() => {
          this.#spare.push(body);
        })
        .catch((error: unknown) => {
          this.#failure ??= { error };
          this.#stop.abort(error);
        })
        .finally(() => {
          this.#sending.delete(sending);
          resolve();
        });
      this.#sending.add(sending);
    });
    await started;
    this.#check();
  }

  #signal(): AbortSignal {
    const { signal } = this.#options;
    return signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal]);
  }

  async #putWhole(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const client = this.#client;
    const digest = await sha256(body);
    const isNew = this.#options.isNew ?? false;
    const mark = crypto.randomUUID();
    let isRetry = false;
    try {
      await client.send({
        method: "PUT",
        key: this.#key,
        body,
        digest,
        signal: this.#options.signal,
        headers: {
          "content-type": "application/octet-stream",
          ...markHeaders(mark),
          ...newHeaders(isNew),
          ...(client.checksums && { "x-amz-checksum-sha256": base64(digest) }),
        },
        onLost: () => {
          isRetry = true;
        },
      });
    } catch (error) {
      // The first answer may have been lost after the server had done its work.
      if (!(isRetry && (await wasWritten(client, this.#key, mark)))) throw refusedAsOld(error, this.#name);
    }
  }
}
