/** The bytes of what the page is to see: read by range from a disk or through the network. */
import { open } from "node:fs/promises";
import { UsageError } from "../../args/exit.ts";
import { shardFiles } from "../../files/shard-files.ts";

/** A file that the page may read, and nothing else. */
export interface ServedFile {
  readonly size: number;
  /** Changes when the file does. */
  readonly version: string;
  /** The bytes from `start` up to `end`, in pieces. */
  read(start: number, end: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A checkpoint under the names that its files have in the page's addresses. */
export interface ServedCheckpoint {
  /** The name of the file to open first. */
  readonly name: string;
  readonly files: ReadonlyMap<string, string>;
}

/** The files of a checkpoint: itself, and the shards that it is the index of. */
export async function servedCheckpoint(place: string, signal: AbortSignal): Promise<ServedCheckpoint> {
  const name = lastPart(place);
  const shards = await shardFiles(place, signal);
  return {
    name,
    files: new Map([[name, place], ...shards.map((shard) => [shard.name, shard.place] as const)]),
  };
}

function lastPart(place: string): string {
  const path = /^https?:/i.test(place) ? new URL(place).pathname : place;
  return path.split(/[/\\]/).findLast((part) => part !== "") ?? "model.safetensors";
}

/** Opens a path or an address for reading by range. */
export function openServed(place: string, signal: AbortSignal): Promise<ServedFile> {
  return /^https?:/i.test(place) ? openAddress(place, signal) : openPath(place);
}

// A piece of a response: large enough that the disk is not asked for crumbs.
const PIECE_BYTES = 2 ** 20;

async function openPath(path: string): Promise<ServedFile> {
  const handle = await open(path);
  try {
    const { size, mtimeMs } = await handle.stat();
    return {
      size,
      version: `${mtimeMs.toString(36)}-${size.toString(36)}`,
      async *read(start, end) {
        for (let at = start; at < end; ) {
          const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
          const { bytesRead } = await handle.read(piece, 0, piece.byteLength, at);
          if (bytesRead === 0) throw new Error(`${path} ends at ${at}, before ${end}`);
          at += bytesRead;
          yield piece.subarray(0, bytesRead);
        }
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openAddress(place: string, signal: AbortSignal): Promise<ServedFile> {
  const response = await fetch(place, { headers: { range: "bytes=0-0" }, signal });
  await response.body?.cancel();
  const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (response.status !== 206 || total === undefined)
    throw new UsageError(`${place}: HTTP status ${response.status}; a server that answers ranges is needed`);
  const version = response.headers.get("etag") ?? response.headers.get("last-modified") ?? total;
  return {
    size: Number(total),
    version,
    async *read(start, end, reading) {
      const headers = { range: `bytes=${start}-${end - 1}` };
      const part = await fetch(place, { headers, signal: reading });
      if (part.status !== 206 || !part.body) throw new Error(`${place}: HTTP status ${part.status}`);
      yield* part.body;
    },
    close: async () => {},
  };
}
