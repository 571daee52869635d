/** A bound on what runs at once. */
import { keepShape } from "../base/keep-shape.ts";
import { abortable } from "./abort.ts";

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/** Lets tasks run a few at a time, in the order in which they came, with a bound on the bytes they handle together. */
export class Limiter {
  readonly #maxTasks: number;
  readonly #maxBytes: number;
  #tasks = 0;
  #bytes = 0;
  #queue: Waiting[] = [];

  constructor(maxTasks: number, maxBytes: number) {
    this.#maxTasks = maxTasks;
    this.#maxBytes = maxBytes;
  }

  async run<T>(bytes: number, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    if (this.#queue.length > 0 || !this.#fits(bytes)) await this.#wait(bytes, signal);
    else this.#take(bytes);
    try {
      return await task();
    } finally {
      this.#leave(bytes);
    }
  }

  // A task of more bytes than the bound runs alone.
  #fits(bytes: number): boolean {
    return this.#tasks === 0 || (this.#tasks < this.#maxTasks && this.#bytes + bytes <= this.#maxBytes);
  }

  #take(bytes: number): void {
    this.#tasks++;
    this.#bytes += bytes;
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const waiting = { bytes, start: () => {} };
    const turn = new Promise<void>((resolve) => {
      waiting.start = resolve;
    });
    this.#queue.push(waiting);
    try {
      await abortable(turn, signal);
    } catch (error) {
      const before = this.#queue.length;
      this.#queue = this.#queue.filter((other) => other !== waiting);
      // Whose turn had come already gives it back.
      if (this.#queue.length === before) this.#leave(bytes);
      else this.#next();
      throw error;
    }
  }

  #leave(bytes: number): void {
    this.#tasks--;
    this.#bytes -= bytes;
    this.#next();
  }

  #next(): void {
    for (let first = this.#queue[0]; first !== undefined && this.#fits(first.bytes); first = this.#queue[0]) {
      this.#queue.shift();
      this.#take(first.bytes);
      first.start();
    }
  }
}

keepShape(new Limiter(1, 0));
