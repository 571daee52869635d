import { open, readFile, stat } from "node:fs/promises";
import { pytree2dict, saveFile, type Tensor } from "pytree2safetensors";
import { planLayout } from "../src/format/layout/layout.ts";
import { filledMemory, leavesIn, transformer, widthFor } from "./models.ts";

/** A file of the given size, sparse: reads of it give zeros. */
export async function sparseFile(path: string, head: Uint8Array, totalBytes: number): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.write(head, 0, head.byteLength, 0);
    await handle.truncate(totalBytes);
  } finally {
    await handle.close();
  }
}

/** A file of tensors `t0`, `t1`, … of one dtype and shape, sparse. */
export async function uniformFile(
  path: string,
  count: number,
  shape: readonly number[],
): Promise<Uint8Array> {
  const entries = Array.from({ length: count }, (_, i) => ({ name: `t${i}`, dtype: "F32" as const, shape }));
  const { head, totalBytes } = planLayout(entries);
  await sparseFile(path, head, totalBytes);
  return head;
}

/** A transformer of 300 layers with about so many bytes, and its parameters by key string. */
export function model(dtype: "F32" | "BF16", bytes: number): Record<string, Tensor> {
  const width = widthFor(bytes, dtype === "F32" ? 4 : 2);
  const memory = filledMemory(Math.ceil(bytes * 1.1));
  return pytree2dict(transformer(300, width, leavesIn(memory, dtype))) as Record<string, Tensor>;
}

/** Saves tensors, and reads the file once so that it is in the page cache. */
export async function writtenFile(path: string, dict: Record<string, Tensor>): Promise<number> {
  await saveFile(dict, path, { flush: false });
  return warm(path);
}

/** The same file with a header of odd length, as some writers leave it: every element lies at an odd offset. */
export async function misalignedFile(path: string, dict: Record<string, Tensor>): Promise<number> {
  const entries = Object.entries(dict).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const { head, order } = planLayout(entries);
  const text = new TextDecoder().decode(head.subarray(8)).trimEnd();
  const header = new TextEncoder().encode(
    text.length % 8 === 1 ? text : text.padEnd(text.length + ((9 - (text.length % 8)) % 8)),
  );
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, header.length, true);
  const handle = await open(path, "w");
  try {
    await handle.writeFile(prefix);
    await handle.writeFile(header);
    for (const index of order) await handle.writeFile(dict[entries[index]!.name]!.bytes);
  } finally {
    await handle.close();
  }
  return warm(path);
}

/** Reads a file once, in bounded pieces; gives its size. */
export async function warm(path: string): Promise<number> {
  const { size } = await stat(path);
  if (size < 2 ** 20) await readFile(path);
  const handle = await open(path, "r");
  const piece = new Uint8Array(Math.min(size, 16 * 2 ** 20));
  for (let at = 0; at < size; at += piece.length) await handle.read(piece, 0, piece.length, at);
  await handle.close();
  return size;
}
