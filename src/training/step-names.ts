// The names of steps in a store: step-00001200.safetensors, or the folder step-00001200/ of a sharded one.
import { invalidArgument } from "../base/arguments.ts";

/** Every key of a step begins so. */
export const STEP_PREFIX = "step-";

// Listings that sort by name then sort by step; longer numbers are written as they are.
const MIN_DIGITS = 8;
const ENDING = ".safetensors";
/** How the files of a sharded step begin. */
export const SHARD_NAME = "model";
/** The file of a sharded step that says which tensor is where; the step is there once it is. */
export const INDEX_FILE = `${SHARD_NAME}.safetensors.index.json`;

const FILE = /^step-(\d{8,16})\.safetensors$/;
const IN_FOLDER = /^step-(\d{8,16})\/([^/]+)$/;
const SHARD = /^model-\d{5,}-of-\d{5,}(\.[0-9a-f]{8})?\.safetensors$/;

/** A key of a store that is part of a step. */
export interface StepKey {
  readonly step: number;
  /** The file of the step's folder; `undefined` for a step that is a single file. */
  readonly file: string | undefined;
}

/** The key of a step that is a single file. */
export function fileKey(step: number): string {
  return nameOf(step) + ENDING;
}

/** What the keys of a sharded step begin with. */
export function folderKey(step: number): string {
  return `${nameOf(step)}/`;
}

function nameOf(step: number): string {
  return STEP_PREFIX + String(step).padStart(MIN_DIGITS, "0");
}

/** Reads a key; `undefined` for every key that is not exactly what this module writes: it is somebody else's. */
export function parseKey(key: string): StepKey | undefined {
  const [, digits, file] = FILE.exec(key) ?? IN_FOLDER.exec(key) ?? [];
  if (digits === undefined) return undefined;
  const step = Number(digits);
  if (!Number.isSafeInteger(step) || String(step).padStart(MIN_DIGITS, "0") !== digits) return undefined;
  if (file !== undefined && file !== INDEX_FILE && !SHARD.test(file)) return undefined;
  return { step, file };
}

/** Whether a key, or a folder's key with its `/`, is one that this module writes. */
export function isOwnKey(key: string): boolean {
  return parseKey(key.endsWith("/") ? key + INDEX_FILE : key) !== undefined;
}

/** Refuses what is not a step. */
export function requireStep(step: unknown): asserts step is number {
  if (Number.isSafeInteger(step) && (step as number) >= 0) return;
  throw invalidArgument("a step", "an integer from 0 to 2^53 - 1", step);
}
