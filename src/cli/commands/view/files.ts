/** The bytes of what the page is to see: read by range from a disk or through the network. */
import { statSync } from "node:fs";
import { open } from "node:fs/promises";
import { openStore, type Store } from "../../../index.node.ts";
import { UsageError } from "../../args/exit.ts";
import { isUrl } from "../../files/open.ts";
import { shardFiles } from "../../files/shard-files.ts";
import { quote } from "../../terminal/text.ts";

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
  /** Opens each of its files. */
  readonly files: ReadonlyMap<string, (signal: AbortSignal) => Promise<ServedFile>>;
}

/** The files of a checkpoint: itself, and the shards that it is the index of. */
export async function servedCheckpoint(place: string, signal: AbortSignal): Promise<ServedCheckpoint> {
  const isFolder = !isUrl(place) && statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder || (/^[a-z][a-z\d+.-]+:/i.test(place) && !isUrl(place)))
    return servedStore(place, isFolder, signal);
  const name = lastPart(place);
  const shards = await shardFiles(place, signal);
  const places = [[name, place] as const, ...shards.map((shard) => [shard.name, shard.place] as const)];
  return {
    name,
    files: new Map(
      places.map(([own, at]) => [own, (reading) => (isUrl(at) ? openAddress(at, reading) : openPath(at))]),
    ),
  };
}

function lastPart(place: string): string {
  const path = isUrl(place) ? new URL(place).pathname : place;
  return path.split(/[/\\]/).findLast((part) => part !== "") ?? "model.safetensors";
}

/** A checkpoint in a folder or behind another scheme, `hf:` or `s3:`: read through the library's stores. */
async function servedStore(place: string, isFolder: boolean, signal: AbortSignal): Promise<ServedCheckpoint> {
  const isFile = !isFolder && /\.(safetensors|json)$/.test(place);
  const store = await openStore(isFile ? place.replace(/[^/]*$/, "") : place, { signal });
  const name = isFile ? lastPart(place) : await mainKey(store, place, signal);
  const keys = [name, ...(name.endsWith(".json") ? await shardKeys(store, name, signal) : [])];
  return { name, files: new Map(keys.map((key) => [key, () => openKey(store, key)])) };
}

/** The file of a folder that is the checkpoint: its index, else its only safetensors file. */
async function mainKey(store: Store, place: string, signal: AbortSignal): Promise<string> {
  const keys: string[] = [];
  for await (const { key } of store.list("", { signal })) if (!key.includes("/")) keys.push(key);
  const indexes = keys.filter((key) => key.endsWith(".safetensors.index.json"));
  const files = keys.filter((key) => key.endsWith(".safetensors"));
  const [found] = indexes.length > 0 ? indexes : files;
  if (found !== undefined && (indexes.length === 1 || (indexes.length === 0 && files.length === 1)))
    return found;
  const some = (indexes.length > 0 ? indexes : files).slice(0, 3).map(quote).join(", ");
  throw new UsageError(`${quote(place)} is a folder with ${some || "no safetensors file"}: name one file`);
}

async function shardKeys(store: Store, index: string, signal: AbortSignal): Promise<readonly string[]> {
  const source = await store.source(index);
  try {
    const text = new TextDecoder().decode(await source.read(0, source.size, { signal }));
    const { weight_map: weights } = JSON.parse(text) as {
      readonly weight_map?: Readonly<Record<string, unknown>>;
    };
    const names = Object.values(weights ?? {}).filter((name): name is string => typeof name === "string");
    return [...new Set(names)];
  } finally {
    await source.close?.();
  }
}

async function openKey(store: Store, key: string): Promise<ServedFile> {
  const source = await store.source(key);
  return {
    size: source.size,
    // The source itself notices a file that changes, and says so.
    version: String(source.size),
    async *read(start, end, signal) {
      for (let at = start; at < end; at += FETCH_BYTES)
        yield source.read(at, Math.min(at + FETCH_BYTES, end), { signal });
    },
    close: async () => source.close?.(),
  };
}

// What is fetched at once: each request costs a way there and back.
const FETCH_BYTES = 8 * 2 ** 20;
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
