/** The bytes of what the page is to see: read by range from wherever they are. */
import { statSync } from "node:fs";
import type { ByteSource, SafetensorsFile } from "../../../index.node.ts";
import { keyIn, storeOf } from "../../files/access.ts";
import { besides, isAddress, isFolderAddress, lastPart } from "../../files/place.ts";
import type { Terminal } from "../../terminal/terminal.ts";

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
  /** How each file is opened. */
  readonly files: ReadonlyMap<string, () => Promise<ServedFile>>;
}

/** The files of a checkpoint: itself, and the shards that it is the index of. */
export async function servedCheckpoint(
  place: string,
  { files }: Pick<SafetensorsFile, "files">,
  terminal: Terminal,
): Promise<ServedCheckpoint> {
  const first = await firstFile(place, terminal);
  const name = lastPart(first) ?? "model.safetensors";
  const shards = files.flatMap((file) => file.name ?? []);
  const opener = (other: string) => () => openServed(other, terminal);
  return {
    name,
    files: new Map([
      [name, opener(first)],
      ...shards.map((shard) => [shard, opener(besides(first, shard))] as const),
    ]),
  };
}

/** The file that a place is: of a folder, the index or the only file, as the library opens it. */
async function firstFile(place: string, { access, signal }: Terminal): Promise<string> {
  const folder = isFolderAddress(place) || isDirectory(place) ? place.replace(/\/*$/, "/") : undefined;
  if (folder === undefined) return place;
  const store = await storeOf(folder, access, signal);
  const names: string[] = [];
  for await (const { key } of store.list("", { shallow: true, signal })) names.push(key);
  const index = names.find((name) => name.endsWith(".safetensors.index.json"));
  return besides(folder, index ?? names.find((name) => name.endsWith(".safetensors")) ?? "");
}

function modified(place: string): string {
  return isAddress(place) ? "" : (statSync(place, { throwIfNoEntry: false })?.mtimeMs.toString(36) ?? "");
}

function isDirectory(place: string): boolean {
  return !isAddress(place) && statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}

// A piece of an answer: large enough that the disk is not asked for crumbs.
const PIECE_BYTES = 2 ** 20;

async function openServed(place: string, { access, signal }: Terminal): Promise<ServedFile> {
  const store = await storeOf(place, access, signal);
  const source: ByteSource = await store.source(keyIn(place), { signal });
  return {
    size: source.size,
    // Files on a disk have no version of their own.
    version: `${source.version ?? modified(place)}-${source.size.toString(36)}`,
    async *read(start, end, signal) {
      for (let at = start; at < end; at += PIECE_BYTES) {
        yield await source.read(at, Math.min(at + PIECE_BYTES, end), { signal });
      }
    },
    close: async () => source.close?.(),
  };
}
