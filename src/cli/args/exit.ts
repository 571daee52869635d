/** How a command ends, and the errors that decide it. */
import { type ErrorCode, isPytree2SafetensorsError } from "../../index.node.ts";

/** What the command ends with, for scripts. */
export const EXIT = {
  /** All well. */
  fine: 0,
  /** Files differ, or a file breaks the rules of the format. */
  found: 1,
  /** Wrong use, or something that could not be done: a missing file, a full disk, no network. */
  trouble: 2,
  /** Ended by Ctrl-C, as shells have it. */
  interrupted: 130,
} as const;

/** A command that can't be meant as it was written. */
export class UsageError extends Error {}

// What says that a file is broken, and not that the call was. Names that make no pytree break no rule of the format.
const FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "HeaderTooSmall",
  "HeaderTooLarge",
  "InvalidHeaderLength",
  "InvalidHeader",
  "InvalidHeaderDeserialization",
  "InvalidOffset",
  "TensorInvalidInfo",
  "ValidationOverflow",
  "MisalignedSlice",
  "MetadataIncompleteBuffer",
  "InvalidTensorView",
  "InvalidMetadata",
  "InvalidIndex",
  "MissingShard",
]);

/** Whether an error says that a file is broken. */
export function isFault(error: unknown): boolean {
  return isPytree2SafetensorsError(error) && FAULTS.has(error.code);
}

/** The exit code of a command that failed. */
export function exitCodeOf(error: unknown): number {
  return isFault(error) ? EXIT.found : EXIT.trouble;
}
