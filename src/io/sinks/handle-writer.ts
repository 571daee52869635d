/** Writes to a file handle: many chunks to a call, and those that stay as they are without a copy. */
import { keepShape } from "../../base/keep-shape.ts";
import type { Awaitable } from "../../base/types.ts";
import type { FileHandleLike } from "../duck-types.ts";
import { unshared } from "./blocks.ts";

// What is handed to the operating system in one call: so many bytes hide the call, and bound how long an abort waits.
const BATCH_BYTES = 32 * 2 ** 20;
// Parts of a call: it takes 1,024.
const MAX_PARTS = 512;
// Below this, to copy a chunk costs less than a part of its own.
const SMALL = 16 * 2 ** 10;
const GATHERED_BYTES = 2 ** 20;

/**
 * Writes through a file handle, in order and many chunks to a call. One call is under way while the chunks of the next are
 * gathered: a second would wait for the file's lock, and spin there, which takes a core from the program. Copying every
 * chunk into blocks, as for other sinks, took 1.26 times the processor time and 1.3 times the time for tensors of 100 kB,
 * 1.4 and 1.16 times for 800 kB; nothing more for smaller and larger ones.
 */
export class HandleWriter {
  readonly #handle: Pick<FileHandleLike, "write" | "writev">;
  readonly #signal: AbortSignal | undefined;
  #position: number | null;
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;
  // Copies of chunks; those from `#from` on are no part yet.
  #gathered: Uint8Array<ArrayBuffer> | undefined;
  #from = 0;
  #to = 0;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #writing: Promise<void> | undefined;

  /** @param start The position of the first byte, or `null` for what has no positions, as a pipe. */
  constructor(
    handle: Pick<FileHandleLike, "write" | "writev">,
    start: number | null,
    signal: AbortSignal | undefined,
  ) {
    this.#handle = handle;
    this.#position = start;
    this.#signal = signal;
  }

  /** Takes a chunk; a promise only if it has to be waited for. */
  write(chunk: Uint8Array, stays = false): Awaitable<void> {
    const { byteLength } = chunk;
    if (byteLength >= SMALL && (stays || byteLength >= GATHERED_BYTES)) return this.#take(chunk, stays);
    if (this.#to + byteLength > GATHERED_BYTES || this.#isFull())
      return this.#send().then(() => this.#copy(chunk));
    this.#copy(chunk);
  }

  /** Writes what is gathered, and waits for all that is being written. */
  async flush(): Promise<void> {
    await this.#send();
    await this.#writing;
  }

  /** Waits for what is being written, whatever becomes of it. */
  async settled(): Promise<void> {
    await this.#writing?.catch(() => {});
  }

  #isFull(): boolean {
    return this.#parts.length >= MAX_PARTS || this.#bytes >= BATCH_BYTES;
  }

  // A chunk of less than GATHERED_BYTES, for which there is room.
  #copy(chunk: Uint8Array): void {
    this.#gathered ??= this.#spare.pop() ?? new Uint8Array(GATHERED_BYTES);
    this.#gathered.set(chunk, this.#to);
    this.#to += chunk.byteLength;
    this.#bytes += chunk.byteLength;
  }

  // Makes a part of what has been copied since the last one.
  #endCopies(): void {
    if (this.#to === this.#from) return;
    this.#parts.push(this.#gathered!.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #take(chunk: Uint8Array, stays: boolean): Awaitable<void> {
    const own = unshared(chunk);
    this.#endCopies();
    if (own.byteLength > BATCH_BYTES) return this.#takeLarge(own, stays);
    this.#parts.push(own);
    this.#bytes += own.byteLength;
    if (!stays) return this.flush();
    if (this.#isFull()) return this.#send();
  }

  async #takeLarge(chunk: Uint8Array<ArrayBuffer>, stays: boolean): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += BATCH_BYTES) {
      const part = chunk.subarray(at, at + BATCH_BYTES);
      this.#parts.push(part);
      this.#bytes += part.byteLength;
      await this.#send();
    }
    if (!stays) await this.flush();
  }

  /** Begins to write what is gathered, as soon as the call before it has ended. */
  async #send(): Promise<void> {
    this.#endCopies();
    if (this.#parts.length === 0) return;
    await this.#writing;
    const [parts, gathered, start] = [this.#parts, this.#gathered, this.#position];
    if (start !== null) this.#position = start + this.#bytes;
    this.#parts = [];
    this.#bytes = this.#from = this.#to = 0;
    this.#gathered = undefined;
    this.#writing = this.#emit(parts, start).then(() => {
      if (gathered !== undefined) this.#spare.push(gathered);
    });
    this.#writing.catch(() => {}); // whoever waits for it next is told
  }

  async #emit(parts: readonly Uint8Array<ArrayBuffer>[], start: number | null): Promise<void> {
    let position = start;
    for (let rest = parts; rest.length > 0; ) {
      this.#signal?.throwIfAborted();
      const { bytesWritten } =
        rest.length > 1 && this.#handle.writev
          ? await this.#handle.writev(rest, position ?? undefined)
          : await this.#handle.write(rest[0]!, 0, rest[0]!.byteLength, position);
      if (position !== null) position += bytesWritten;
      rest = behind(rest, bytesWritten);
    }
  }
}

/** What is left of parts when so many bytes of them are done. */
function behind(
  parts: readonly Uint8Array<ArrayBuffer>[],
  bytes: number,
): readonly Uint8Array<ArrayBuffer>[] {
  let done = 0;
  let left = bytes;
  while (done < parts.length && left >= parts[done]!.byteLength) left -= parts[done++]!.byteLength;
  if (left === 0) return parts.slice(done);
  return [parts[done]!.subarray(left), ...parts.slice(done + 1)];
}

keepShape(new HandleWriter({} as FileHandleLike, 0, undefined));
