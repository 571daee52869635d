/** The files that an index names. */
import { open, readFile } from "node:fs/promises";
import { UsageError } from "../args/exit.ts";
import { quote } from "../terminal/text.ts";
import { isUrl } from "./open.ts";
import { isStandardInput } from "./standard.ts";

/** One file of a sharded checkpoint: its name in the index, and where that is. */
export interface ShardFile {
  readonly name: string;
  readonly place: string;
}

/** What an index says besides its tensors. */
export interface ShardIndex {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly files: readonly ShardFile[];
}

/** The files that an index names; none for a single file, or for an index that can't be read as one. */
export async function shardFiles(place: string, signal: AbortSignal): Promise<readonly ShardFile[]> {
  return (await readIndex(place, signal))?.files ?? [];
}

/** Reads an index for its files and its metadata; `undefined` for anything else. */
export async function readIndex(place: string, signal: AbortSignal): Promise<ShardIndex | undefined> {
  if (isStandardInput(place) || !(await looksLikeIndex(place))) return undefined;
  let index: { readonly weight_map?: unknown; readonly metadata?: unknown } | null;
  try {
    index = JSON.parse((await readText(place, signal)).replace(/^\ufeff/, ""));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const weightMap = index?.weight_map;
  if (typeof weightMap !== "object" || weightMap === null) return undefined;
  const names = Object.values(weightMap).filter(
    (name): name is string => typeof name === "string" && isInside(name),
  );
  const metadata = index?.metadata;
  return {
    metadata: typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : {},
    files: [...new Set(names)].sort().map((name) => ({ name, place: beside(place, name) })),
  };
}

/** By its first bytes, as the library tells them apart; by its name where it is far away. */
async function looksLikeIndex(place: string): Promise<boolean> {
  if (isUrl(place)) return /\.json$/i.test(new URL(place).pathname);
  try {
    await using handle = await open(place);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const head = buffer.subarray(0, bytesRead);
    return /^\ufeff?\s*\{/.test(head.toString()) && head.every((byte) => byte !== 0);
  } catch {
    return false; // opening it says why it can't be read
  }
}

// The library refuses an index that leads out of its folder; what it would refuse is not opened here either.
function isInside(name: string): boolean {
  return !/[\\:]|%2/.test(name) && name.split("/").every((part) => part !== "" && part !== "..");
}

function beside(place: string, name: string): string {
  if (!isUrl(place)) return place.replace(/[^/\\]*$/, () => name);
  const url = new URL(name.split("/").map(encodeURIComponent).join("/"), place);
  url.search = new URL(place).search;
  return url.href;
}

async function readText(place: string, signal: AbortSignal): Promise<string> {
  if (!isUrl(place)) return readFile(place, { encoding: "utf8", signal });
  const response = await fetch(place, { signal });
  if (!response.ok) throw new UsageError(`${quote(place)}: HTTP status ${response.status}`);
  return response.text();
}
