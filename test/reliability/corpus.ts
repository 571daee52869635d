import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ErrorCode } from "pytree2safetensors";
import { fileOf } from "./files.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/hostile-trees/", import.meta.url));

/** A file whose names or structure metadata are made to harm. */
export interface HostileTree {
  readonly name: string;
  readonly names: readonly string[];
  /** The structure metadata: a string as it is, everything else as JSON. */
  readonly structure?: unknown;
  /** The code that refuses it; where there are structure metadata, under `{ structure: "require" }`. */
  readonly code?: ErrorCode;
  /** The tree that it gives instead, each tensor as its place among the names. */
  readonly tree?: unknown;
}

/** Every case of the folder, by file. */
export function hostileTrees(): [file: string, cases: readonly HostileTree[]][] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files.map((file) => [file, JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as HostileTree[]]);
}

/** The file of a case. */
export function bytesOf({ names, structure }: HostileTree): Uint8Array<ArrayBuffer> {
  if (structure === undefined) return fileOf(names);
  return fileOf(names, typeof structure === "string" ? structure : JSON.stringify(structure));
}
