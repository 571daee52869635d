/** The files that the index of a broken checkpoint names: the library opens none where one is broken. */
import { isPytree2SafetensorsError } from "../../index.node.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { keyIn, storeOf } from "./access.ts";
import { besides, isFolderAddress } from "./place.ts";
import { isStandardInput } from "./standard.ts";

/** One file of a sharded checkpoint: its name in the index, and where that is. */
export interface ShardFile {
  readonly name: string;
  readonly place: string;
}

// The library's own limit is in proportion; nothing but names is taken of an index here.
const MAX_INDEX_BYTES = 2 ** 30;

/** The files that an index names; none for anything else. */
export async function shardFiles(place: string, terminal: Terminal): Promise<readonly ShardFile[]> {
  if (isStandardInput(place) || isFolderAddress(place)) return [];
  let index: unknown;
  try {
    index = JSON.parse(await readText(place, terminal));
  } catch (error) {
    terminal.signal.throwIfAborted();
    if (error instanceof SyntaxError || isPytree2SafetensorsError(error)) return [];
    throw error;
  }
  const map = (index as { readonly weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) return [];
  const names = new Set(Object.values(map).filter((name): name is string => typeof name === "string"));
  return [...names].sort().map((name) => ({ name, place: besides(place, name) }));
}

/** The text of a file that begins as an index does; nothing of any other. */
async function readText(place: string, terminal: Terminal): Promise<string> {
  const { access, signal } = terminal;
  const store = await storeOf(place, access, signal);
  const source = await store.source(keyIn(place), { signal });
  try {
    const head = Buffer.from(await source.read(0, Math.min(8, source.size), { signal })).toString();
    if (!/^\ufeff?\s*\{/.test(head) || head.includes("\0") || source.size > MAX_INDEX_BYTES) return "null";
    const bytes = await source.read(0, source.size, { signal });
    return new TextDecoder().decode(bytes);
  } finally {
    await source.close?.();
  }
}
