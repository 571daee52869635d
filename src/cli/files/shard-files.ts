import { readFile } from "node:fs/promises";
import { UsageError } from "../args/exit.ts";

/** Whether a place is named as the index of a sharded checkpoint. */
export function isIndex(place: string): boolean {
  return /\.json$/i.test(/^https?:/i.test(place) ? new URL(place).pathname : place);
}

/** One file of a sharded checkpoint: its name in the index, and where that is. */
export interface ShardFile {
  readonly name: string;
  readonly place: string;
}

/** The files that an index names; none for a single file, or for an index that can't be read as one. */
export async function shardFiles(place: string, signal: AbortSignal): Promise<readonly ShardFile[]> {
  if (!isIndex(place)) return [];
  let weightMap: unknown;
  try {
    weightMap = JSON.parse(await readText(place, signal))?.weight_map;
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  if (typeof weightMap !== "object" || weightMap === null) return [];
  const names = new Set(
    Object.values(weightMap).filter((name) => typeof name === "string" && isInside(name)),
  );
  return [...(names as Set<string>)].sort().map((name) => ({ name, place: beside(place, name) }));
}

// The library refuses an index that leads out of its folder; what it would refuse is not opened here either.
function isInside(name: string): boolean {
  return (
    !/[\\:]|%2/.test(name) && name.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}

function beside(place: string, name: string): string {
  if (!/^https?:/i.test(place)) return place.replace(/[^/\\]*$/, () => name);
  const url = new URL(name.split("/").map(encodeURIComponent).join("/"), place);
  url.search = new URL(place).search;
  return url.href;
}

async function readText(place: string, signal: AbortSignal): Promise<string> {
  if (!/^https?:/i.test(place)) return readFile(place, { encoding: "utf8", signal });
  const response = await fetch(place, { signal });
  if (!response.ok) throw new UsageError(`${place}: HTTP status ${response.status}`);
  return response.text();
}
