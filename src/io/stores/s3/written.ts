/** The request that makes an object appear, and what tells our own write from another's when its answer was lost. */
import { isPytree2SafetensorsError } from "../../../base/errors.ts";
import { placeError } from "../../faults.ts";
import type { S3Client, S3Request } from "./client.ts";
import { ifThere } from "./errors.ts";

const MARK = "x-amz-meta-pytree2safetensors-write";

/** What is to be written. */
export interface ObjectWrite {
  readonly key: string;
  /** Whether the write fails if an object is there. */
  readonly isNew: boolean;
  /** A text that no other write has. The object carries it in its metadata. */
  readonly mark: string;
}

/** The headers of the request that says what the object is like. */
export function objectHeaders({ mark }: ObjectWrite): Record<string, string> {
  return { "content-type": "application/octet-stream", [MARK]: mark };
}

/** Sends the request that makes the object appear. */
export async function makeObject(
  client: S3Client,
  { key, isNew, mark }: ObjectWrite,
  request: Omit<S3Request, "key" | "onLost">,
): Promise<void> {
  let isRetry = false;
  try {
    await client.send({
      ...request,
      key,
      headers: { ...request.headers, ...(isNew && { "if-none-match": "*" }) },
      onLost: () => {
        isRetry = true;
      },
    });
  } catch (error) {
    // The first answer may have been lost after the server had done its work.
    if (isRetry) {
      const there = await client.send({ method: "HEAD", key }).catch(() => undefined);
      if (there?.headers.get(MARK) === mark) return;
    }
    const isOld = isPytree2SafetensorsError(error) && error.status === 412;
    throw isOld ? alreadyThere(client.nameOf(key), error) : error;
  }
}

/** Refuses, before anything is sent, a key that is to be new and isn't. */
export async function checkNew(
  client: S3Client,
  { key, isNew }: ObjectWrite,
  signal: AbortSignal,
): Promise<void> {
  if (isNew && (await ifThere(client.send({ method: "HEAD", key, signal }))))
    throw alreadyThere(client.nameOf(key));
}

function alreadyThere(name: string, cause?: unknown): Error {
  const problem = "an object with this key already exists; it was not changed";
  return placeError("WriteError", name, problem, { status: 412, cause });
}
