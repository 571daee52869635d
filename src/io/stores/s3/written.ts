/** What tells our own write of an object from another's, when the answer to it was lost. */
import { isPytree2SafetensorsError, Pytree2SafetensorsError } from "../../../base/errors.ts";
import type { S3Client } from "./client.ts";

const MARK = "x-amz-meta-pytree2safetensors-write";

/** The headers of a write: a mark of this very write, and the condition that the key is new. */
export function markHeaders(mark: string): Record<string, string> {
  return { [MARK]: mark };
}

/** The condition that there is no object yet. */
export function newHeaders(isNew: boolean): Record<string, string> {
  return isNew ? { "if-none-match": "*" } : {};
}

/** Whether the object that is there now carries the mark. */
export async function wasWritten(client: S3Client, key: string, mark: string): Promise<boolean> {
  try {
    const { headers } = await client.send({ method: "HEAD", key });
    return headers.get(MARK) === mark;
  } catch {
    return false;
  }
}

/** Whether there is an object of that key. */
export async function objectExists(client: S3Client, key: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await client.send({ method: "HEAD", key, signal });
    return true;
  } catch (error) {
    if (isPytree2SafetensorsError(error) && error.status === 404) return false;
    throw error;
  }
}

/** What a write ended with, where it may be that the key was to be new and isn't. */
export function refusedAsOld(error: unknown, name: string): unknown {
  return isPytree2SafetensorsError(error) && error.status === 412 ? alreadyThere(name, error) : error;
}

/** The error of a write that was to make a new object. */
export function alreadyThere(name: string, cause?: unknown): Error {
  const message = `${name}: an object with this key already exists; it was not changed`;
  return new Pytree2SafetensorsError("WriteError", message, { source: name, status: 412, cause });
}
