import { safetensors } from "@jax-js/loaders";
import safetensorsNpm from "safetensors";
import { wholeFile } from "./raw.ts";

/*
 * The packages on npm that read safetensors files from memory. Neither writes them, reads a part of a file or
 * validates what it reads.
 */

/** `@jax-js/loaders`: a typed array for each tensor. BF16 and 8-bit floats it refuses, misaligned tensors too. */
export async function jaxJsLoad(path: string): Promise<unknown> {
  return safetensors.parse(await wholeFile(path));
}

/** `@jax-js/loaders` on bytes that are in memory. */
export function jaxJsParse(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): unknown {
  return safetensors.parse(bytes);
}

/** The package `safetensors`: bytes for each tensor, whatever its dtype. */
export async function safetensorsLoad(path: string): Promise<unknown> {
  return safetensorsParse(new Uint8Array(await wholeFile(path)));
}

/** The package `safetensors` on bytes that are in memory. */
export function safetensorsParse(bytes: Uint8Array): unknown {
  const file = new safetensorsNpm.SafeTensor(bytes);
  const dict: Record<string, Uint8Array> = {};
  for (const name of file.metadata.keys()) if (name !== "__metadata__") dict[name] = file.getTensor(name);
  return dict;
}
