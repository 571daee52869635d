import { readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import type { ByteSource, ReadOptions } from "pytree2safetensors";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

/** How much the process's memory grows over what it is now, at its peak, while `run` runs: Linux counts it. */
export async function peakGrowth(run: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  writeFileSync("/proc/self/clear_refs", "5"); // the peak begins anew
  const before = statusBytes("VmRSS");
  await run();
  return statusBytes("VmHWM") - before;
}

/** A count of this process's memory, as `VmHWM`, its peak: Linux has it. */
export function statusBytes(field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "utf8"));
  return Number(match![1]) * 1024;
}

/** How many bytes the process reads while `run` runs, whoever reads them: Linux counts it. */
export async function bytesRead(run: () => Promise<unknown>): Promise<number> {
  const before = readCount();
  await run();
  return readCount() - before;
}

function readCount(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))![1]);
}

/** A source over a file that counts what is asked of it. */
export class CountingFile implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #handle: Awaited<ReturnType<typeof open>>;
  reads = 0;
  bytes = 0;

  private constructor(name: string, size: number, handle: Awaited<ReturnType<typeof open>>) {
    this.name = name;
    this.size = size;
    this.#handle = handle;
  }

  static async open(path: string): Promise<CountingFile> {
    const handle = await open(path, "r");
    return new CountingFile(path, (await handle.stat()).size, handle);
  }

  async read(start: number, end: number, { into }: ReadOptions = {}): Promise<Uint8Array> {
    this.reads++;
    this.bytes += end - start;
    const bytes = into ?? new Uint8Array(end - start);
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.byteLength, start);
    if (bytesRead !== bytes.byteLength) throw new Error(`read ${bytesRead} of ${bytes.byteLength} bytes`);
    return bytes;
  }

  close() {
    return this.#handle.close();
  }
}
