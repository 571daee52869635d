/** The errors of the operating system, in words. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type ErrorCode, isPytree2SafetensorsError } from "../base/errors.ts";
import { messageOf, printable } from "../base/quote.ts";
import { cannot, type Explain } from "./faults.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied; check its rights and those of its folder",
  EBADF: "the file handle is closed, or was not opened for this",
  EDQUOT: "the disk quota is used up; free some space or save elsewhere",
  EEXIST: "there is a file of that name; name a folder",
  EFBIG:
    "the file is larger than the file system or a limit of the process allows; save in shards or elsewhere",
  EIO: "the disk failed; save elsewhere",
  EISDIR: "it is a folder; name a file in it",
  EMFILE: "too many open files; close some",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many open files; close some",
  ENOENT: "no such file or folder",
  ENOSPC: "the disk is full; free some space or save elsewhere",
  ENOTDIR: "a part of the path is not a folder",
  EPIPE: "nobody reads it any more",
  EPERM: "not permitted; check its rights and those of its folder",
  EROFS: "the file system is read-only; save elsewhere",
};

/** What a file operation gives; `undefined` if there is no such file. */
export async function ifThere<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Makes of what a file operation throws an error in words, with the operating system's own as its cause.
 *
 * @param name What messages call the file.
 * @param signal Its reason, when it has aborted the operation, is the caller's own, and stays as it is.
 * @param path Its absolute path, if it has one: tells whether its folder is missing.
 */
export function explain(
  code: ErrorCode,
  action: string,
  name: string,
  signal?: AbortSignal,
  path?: string,
): Explain {
  return (cause) => {
    if (isPytree2SafetensorsError(cause) || (signal?.aborted && cause === signal.reason)) return cause;
    const errno = (cause as { code?: unknown } | null)?.code;
    let reason =
      typeof errno === "string" && Object.hasOwn(REASONS, errno) ? REASONS[errno]! : messageOf(cause);
    if (errno === "ENOENT" && path !== undefined && !existsSync(dirname(path)))
      reason += `: the folder ${printable(dirname(name))} doesn't exist${code === "WriteError" ? "; make it first" : ""}`;
    return cannot(code, action, name, reason, { cause });
  };
}
