/** What every kind of source is: a function that recognises its inputs and opens them. */
import type { Awaitable } from "../../base/types.ts";
import type { OpenSourceOptions } from "../options.ts";
import type { ByteSource, Folder } from "../types.ts";

/** A file that was opened. */
export interface Opened {
  readonly source: ByteSource;
  /** Whether closing it is ours to do: only what we opened do we close. */
  readonly owned: boolean;
  /** The folder in which it lies, if that can be opened too. */
  readonly folder?: Folder | undefined;
}

/** Opens an input of one kind; `undefined` if the input is of another kind. A folder opens as what lists and opens its files. */
export type SourceKind = (
  input: unknown,
  options: OpenSourceOptions,
) => Awaitable<Opened | Folder> | undefined;
