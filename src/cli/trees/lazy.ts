/** Files as trees of unread tensors, to be written again. */
import {
  type ArrayAdapter,
  type Cast,
  DictKey,
  isPytree2SafetensorsError,
  type KeyEntry,
  type KeyStyle,
  type KeyStyleName,
  type LazyTensor,
  loadPytree,
  registerPytreeNode,
  type SafetensorsFile,
} from "../../index.node.ts";
import { STRUCTURE_KEY } from "./key-styles.ts";

/** Spells names as they are: a flat dict goes into a file, and comes out of one, without a look at its names. */
export const VERBATIM: KeyStyle = {
  name: "verbatim",
  encode: ([entry]) => String((entry as DictKey).key),
  decode: (names) => names.map((name) => [new DictKey(name)]),
};

/** Keeps the order of dicts that a file has recorded; its leaves are what the library knows anyway. */
export const ORDERED: ArrayAdapter<never> = {
  name: "lazy tensors",
  ordered: true,
  is: (_): _ is never => false,
  describe: (array) => array,
  read: (array) => array,
  make: () => Promise.reject(new Error("unreachable: nothing is made of lazy tensors")),
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
  registerStandIns(file.metadata[STRUCTURE_KEY]);
  return loadPytree<unknown>(file, { lazy: true, keys: style, ...loadOptions(options) });
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

/** A node of a class that this program does not know, with all that is needed to write it again. */
export class StandIn {
  readonly aux: unknown;
  readonly children: readonly unknown[];
  readonly keys: readonly KeyEntry[];

  constructor(aux: unknown, children: readonly unknown[], keys: readonly KeyEntry[]) {
    this.aux = aux;
    this.children = children;
    this.keys = keys;
  }

  /** The same node with other children. */
  withChildren(children: readonly unknown[]): StandIn {
    return new (this.constructor as typeof StandIn)(this.aux, children, this.keys);
  }
}

const standIns = new Set<string>();

/**
 * Registers a class for each that a file names, so that it goes from file to file whole: this program does not
 * know the classes, and without a registration they would come out as plain containers.
 */
function registerStandIns(structure: string | undefined): void {
  for (const name of structure === undefined ? [] : classNames(structure)) {
    if (standIns.has(name)) continue;
    standIns.add(name);
    class Known extends StandIn {}
    try {
      registerPytreeNode(Known, {
        name,
        flattenWithKeys: ({ aux, children, keys }: StandIn) => [
          keys.map((key, i) => [key, children[i]] as const),
          aux,
        ],
        unflatten: (aux, children, ...[keys]: unknown[]) =>
          new Known(aux, children, keys as readonly KeyEntry[]),
      });
    } catch (error) {
      // The program that runs the command may know the class itself.
      if (!isPytree2SafetensorsError(error) || error.code !== "InvalidRegistration") throw error;
    }
  }
}

function classNames(structure: string): string[] {
  try {
    const { nodes } = JSON.parse(structure) as { readonly nodes?: unknown };
    if (!Array.isArray(nodes)) return [];
    return nodes
      .map((node: unknown) =>
        Array.isArray(node) && node[1] === "class" ? (node[2] as { name?: unknown } | null)?.name : undefined,
      )
      .filter((name): name is string => typeof name === "string" && name !== "");
  } catch {
    return []; // loading says what is wrong with it
  }
}
