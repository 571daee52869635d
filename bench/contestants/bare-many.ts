import { writeFile } from "node:fs/promises";
import type { Tensor } from "pytree2safetensors";
import { bareFlatten } from "./bare-trees.ts";
import { wholeFile } from "./raw.ts";

/*
 * What V8 itself takes for a dict of many small tensors: nothing is checked, and nothing is made but what must be there.
 */

/** An object with dtype and shape, which makes its typed array when it is asked for, in one dict by its name. */
export async function bareMany(path: string): Promise<unknown> {
  const { header, dataStart, buffer } = await parsed(path);
  return tensorsOf(header, buffer, dataStart);
}

/** Only the names in one dict, all with the same value. */
export async function bareNames(path: string): Promise<unknown> {
  const { header } = await parsed(path);
  const dict: Record<string, boolean> = {};
  for (const name of Object.keys(header)) if (name !== "__metadata__") dict[name] = true;
  return dict;
}

/** Saves a tree of tensors: names by recursion, sorted, `JSON.stringify` of the header, all bytes in one block, one write. */
export async function bareSave(tree: unknown, path: string): Promise<void> {
  const dict = bareFlatten(tree) as Record<string, Tensor>;
  const header: Record<string, Entry> = {};
  let end = 0;
  const names = Object.keys(dict).sort();
  for (const name of names) {
    const { dtype, shape, bytes } = dict[name]!;
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.byteLength] };
    end += bytes.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const dataStart = 8 * Math.ceil(json.byteLength / 8) + 8;
  const file = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(json, 8);
  for (const name of names) file.set(dict[name]!.bytes, dataStart + header[name]!.data_offsets[0]);
  await writeFile(path, file);
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

class BareTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly #buffer: ArrayBuffer;
  readonly #start: number;

  constructor(dtype: string, shape: readonly number[], buffer: ArrayBuffer, start: number) {
    this.dtype = dtype;
    this.shape = shape;
    this.#buffer = buffer;
    this.#start = start;
  }

  get data(): Float32Array {
    return new Float32Array(this.#buffer, this.#start, this.shape[0]);
  }
}

async function parsed(path: string) {
  const buffer = await wholeFile(path);
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length))) as Record<
    string,
    Entry
  >;
  return { header, dataStart: 8 + length, buffer };
}

function tensorsOf(
  header: Readonly<Record<string, Entry>>,
  buffer: ArrayBuffer,
  dataStart: number,
): Record<string, BareTensor> {
  const dict: Record<string, BareTensor> = {};
  for (const name of Object.keys(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets } = header[name]!;
    dict[name] = new BareTensor(dtype, shape, buffer, dataStart + data_offsets[0]);
  }
  return dict;
}
