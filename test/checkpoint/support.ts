// What tests of faults share: trees that fail in the middle, and programs with limits of their own.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  type ByteSource,
  isPytree2SafetensorsError,
  loadPytree,
  openSafetensors,
  type Pytree2SafetensorsError,
  serialize,
} from "pytree2safetensors";
import { bundledOnce } from "../bundled-once.ts";

/** The error of this package that `action` rejects with. */
export async function failure(action: () => Promise<unknown>): Promise<Pytree2SafetensorsError> {
  try {
    await action();
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return error;
    throw error;
  }
  throw new Error("expected a failure");
}

/** A tree like `tree` of lazy leaves whose source does something when it comes to one in the middle. */
export async function interrupted(tree: unknown, then: () => unknown): Promise<unknown> {
  const bytes = new Uint8Array(await (await (await serialize(tree)).blob()).arrayBuffer());
  const file = await openSafetensors(bytes);
  const middle = file.place(file.names[Math.ceil(file.names.length / 2)]!);
  let isThere = false;
  const source: ByteSource = {
    size: bytes.length,
    async read(start, end) {
      // The first read is of the header; neighbours are read together.
      const isFirst = !isThere && start > 0 && start <= middle.start && middle.end <= end;
      isThere ||= isFirst;
      if (isFirst) await then();
      return bytes.slice(start, end);
    },
  };
  return loadPytree(source, { lazy: true });
}

/** Where a child program saves to, and under which limits. */
export interface ChildOptions {
  readonly maxShardSize?: number | string | undefined;
  /** The user that it becomes, by number. */
  readonly user?: number | undefined;
  /** What the shell runs before it. */
  readonly prefix?: string;
}

/** Gives a function that runs a program which saves to a target, and tells what it prints. */
export function savingChild(entry: URL) {
  const bundled = bundledOnce(entry);
  return async (target: string, { maxShardSize, user, prefix = "" }: ChildOptions = {}): Promise<string> => {
    const args = [process.execPath, await bundled(), target, `${maxShardSize ?? ""}`, `${user ?? ""}`];
    const { stdout } = await promisify(execFile)("bash", ["-c", `${prefix} exec "$0" "$@"`, ...args]);
    return stdout.trim();
  };
}
