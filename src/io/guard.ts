/** The guard around every source. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { printable } from "../base/quote.ts";
import { abortable } from "./abort.ts";
import { placeError, shortRead } from "./faults.ts";
import type { ByteSource, ReadOptions } from "./types.ts";

// Two reads at once already share the work of touching fresh memory; four also hide the latency of a disk.
const DEFAULT_PARALLEL = 4;

/**
 * The guard around every source, ours and other people's: reads give exactly the bytes asked for or
 * reject, `into` is honoured, nothing is read after closing, and closing waits for reads under way.
 */
export class ExactSource implements ByteSource {
  readonly size: number;
  readonly name: string;
  readonly resident: boolean;
  readonly fresh: boolean;
  readonly parallel: number;
  readonly version: string | undefined;
  readonly #inner: ByteSource;
  readonly #owned: boolean;
  #pending = 0;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  /** @param owned Whether closing this closes `inner` too: only what we opened do we close. */
  constructor(inner: ByteSource, owned: boolean) {
    this.name = inner.name ?? "source";
    this.size = checkSize(inner.size, this.name);
    this.resident = inner.resident ?? false;
    this.fresh = inner.fresh ?? false;
    this.parallel = Math.max(1, inner.parallel ?? DEFAULT_PARALLEL);
    this.version = inner.version;
    this.#inner = inner;
    this.#owned = owned;
  }

  async read(start: number, end: number, options: ReadOptions = {}): Promise<Uint8Array> {
    const { name, size } = this;
    const { signal, into, onBytes } = options;
    signal?.throwIfAborted();
    if (this.#closing !== undefined) {
      throw placeError("SourceClosed", name, "read after it was closed");
    }
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end)) {
      const message = `${printable(name)}: [${start}, ${end}) is not a range of bytes`;
      throw new Pytree2SafetensorsError("InvalidArgument", message);
    }
    if (end > size) throw shortRead(name, start, end, Math.max(0, size - start));
    if (into !== undefined && into.byteLength !== end - start) {
      const message = `${printable(name)}: \`into\` has ${into.byteLength} bytes, the range [${start}, ${end}) ${end - start}`;
      throw new Pytree2SafetensorsError("InvalidArgument", message);
    }
    if (start === end) return into ?? new Uint8Array(0);

    let reported = 0;
    const report = (count: number) => {
      const fresh = Math.min(count, end - start - reported);
      reported += fresh;
      if (fresh > 0) onBytes?.(fresh);
    };
    const inner = onBytes === undefined ? options : { ...options, onBytes: report };
    const bytes = await abortable(this.#begin(start, end, inner), signal);

    const got = ArrayBuffer.isView(bytes) ? bytes.byteLength : 0;
    if (got !== end - start) throw shortRead(name, start, end, got);
    report(end - start);
    if (bytes === into) return into;
    // A subclass, as Node's `Buffer` is, has methods that behave otherwise.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, got);
    if (into === undefined) return bytes.constructor === Uint8Array ? bytes : plain;
    into.set(plain);
    return into;
  }

  // Begins at once, not in a later turn: what the caller does meanwhile, such as to allocate memory, then costs no time.
  async #begin(start: number, end: number, options: ReadOptions): Promise<Uint8Array> {
    this.#pending++;
    try {
      return await this.#inner.read(start, end, options);
    } finally {
      if (--this.#pending === 0) this.#idle?.();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!this.#owned) return;
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    await this.#inner.close?.();
  }
}

function checkSize(size: number, name: string): number {
  if (Number.isSafeInteger(size) && size >= 0) return size;
  const code = size > Number.MAX_SAFE_INTEGER ? "TooLarge" : "UnsupportedSource";
  const problem = `its size must be an integer from 0 to 2^53 - 1, found ${size}`;
  throw placeError(code, name, problem, { found: String(size) });
}
