/** The one table of the kinds of containers: whatever depends on a container's kind is asked of its entry here. */
import type { Branch } from "../build/branch.ts";
import type { Maker } from "../build/make-tree.ts";
import type { DictKeyValue, KeyEntry, KeyPath, Mark } from "../keys/keypath.ts";
import type { ApplyOptions } from "../structure/apply.ts";
import type { ContainerRecord } from "../structure/read.ts";
import type { Json } from "../structure/value.ts";
import type { RecordWriter } from "../structure/write.ts";
import type { TreeDef } from "../treedef.ts";
import { attrs } from "./attrs.ts";
import { dict } from "./dict.ts";
import { list } from "./list.ts";
import { map } from "./map.ts";
import { registered } from "./registered.ts";
import { recognised } from "./registry.ts";

/** What a container is, without its children. */
export interface Node {
  readonly kind: Kind;
  /** The keys of the children, unless they are list indices. */
  readonly keys: readonly DictKeyValue[] | undefined;
  /** Whatever else its kind needs to make it again. */
  readonly data: unknown;
}

/** Where each child of one container stands in another: `"same"` for the same places, `undefined` if they differ. */
export type Pairing = readonly number[] | "same" | undefined;

/** A kind of container. A new kind is one new file, and one line in {@link KINDS}. */
export interface Kind {
  /** What structure metadata calls it. */
  readonly name: string;
  /** The mark of its keys; `undefined` where each object has its own. */
  readonly mark: Mark | undefined;
  /** Whether objects with this prototype are of the kind. Asked once for each prototype. */
  recognises(prototype: object | null): boolean;
  /** Whether an object is what its prototype says, where that can be a lie. */
  holds?(value: object): boolean;

  /** Takes a container apart, reading each child once. `pathOf` is for messages. */
  open(value: object, pathOf: () => KeyPath): readonly [node: Node, children: readonly unknown[]];
  /** The key of child `i`. */
  entry(node: Node, i: number): KeyEntry;
  /** The inverse of `open`. The kind may keep the array of children. */
  make(node: Node, children: unknown[]): unknown;
  /** The container as JAX prints it. */
  spell(node: Node, children: readonly string[]): string;
  /** How the children of two containers of this kind go together. They are equally many. */
  pair(a: Node, b: Node): Pairing;

  /** Writes what key strings don't say of a container, its children included. */
  write(def: TreeDef, entries: readonly KeyEntry[], writer: RecordWriter): void;
  /** Reads what `write` recorded. Throws `InvalidStructure`. */
  read(extra: Json | undefined): ContainerRecord;
  /** Checks a record against the children once they are all there. */
  settle?(branch: Branch<unknown>, path: KeyPath, options: ApplyOptions<never>): void;
  /** Makes a container of what names and records say of it. */
  build<R>(branch: Branch<R>, maker: Maker<R>): unknown;
}

/**
 * All kinds; the first that recognises a prototype has it. Where only the mark of a container is known, it is the
 * first kind with that mark.
 */
export const KINDS: readonly Kind[] = [registered, list, dict, attrs, map];

/** The kind of an object, or `undefined` for a leaf. */
export function kindOf(value: object): Kind | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  // Nearly every container of a real tree is one of these: asking for them first is a fifth of the walk.
  if (prototype === Object.prototype || prototype === null) return dict;
  let kind = recognised.get(prototype);
  if (kind === undefined) {
    kind = KINDS.find((one) => one.recognises(prototype)) ?? null;
    recognised.set(prototype, kind);
  }
  return kind?.holds?.(value) === false ? undefined : (kind ?? undefined);
}

/** The kind that a mark alone stands for; dicts where there is not even a mark. */
export function kindOfMark(mark: Mark | undefined): Kind {
  return mark === undefined ? dict : BY_MARK[mark]!;
}

const BY_MARK: Partial<Record<Mark, Kind>> = {};
for (const kind of KINDS) if (kind.mark !== undefined) BY_MARK[kind.mark] ??= kind;

/** The kind that structure metadata calls by a name. */
export function kindOfName(name: unknown): Kind | undefined {
  return KINDS.find((kind) => kind.name === name);
}
