/** Files as trees of unread tensors, to be written again. */
import {
  type Cast,
  DictKey,
  type KeyStyle,
  type KeyStyleName,
  type LazyTensor,
  loadPytree,
  type SafetensorsFile,
} from "../../index.node.ts";

/** Spells names as they are: a flat dict goes into a file, and comes out of one, without a look at its names. */
export const VERBATIM: KeyStyle = {
  name: "verbatim",
  encode: ([entry]) => String((entry as DictKey).key),
  decode: (names) => names.map((name) => [new DictKey(name)]),
};

/** What is taken of a file, and whom to tell. */
export interface TakeOptions {
  readonly signal: AbortSignal;
  readonly onWarning: (message: string) => void;
  readonly select?: ((name: string) => boolean) | undefined;
  readonly cast?: Cast | undefined;
  readonly lossy?: boolean | undefined;
}

/** The tensors of a file by their names, unread. */
export async function flatOf(file: SafetensorsFile, options: TakeOptions): Promise<Map<string, LazyTensor>> {
  const tree = await loadPytree<unknown>(file, {
    lazy: true,
    structure: "ignore",
    keys: VERBATIM,
    ...loadOptions(options),
  });
  // A file without tensors has no dict either.
  return new Map(Object.entries((tree ?? {}) as Record<string, LazyTensor>));
}

/** The pytree of a file with all that its structure metadata says, tensors unread. */
export async function treeOf(
  file: SafetensorsFile,
  style: KeyStyleName,
  options: TakeOptions,
): Promise<unknown> {
  // Objects of classes go from file to file whole: this program knows none of the classes.
  return loadPytree<unknown>(file, {
    lazy: true,
    keys: style,
    unknownClasses: "opaque",
    ...loadOptions(options),
  });
}

function loadOptions({ select, cast, lossy, signal, onWarning }: TakeOptions) {
  return {
    signal,
    onWarning: (error: Error) => onWarning(error.message),
    ...(select && { select: (name: string) => select(name) }),
    ...(cast && { cast }),
    ...(lossy && { lossy }),
  };
}
