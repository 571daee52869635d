/** Keys written as other kinds of keys than their own: plain objects as attributes, or as another file has them. */
import {
  entryOf,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  keyOf,
  type Mark,
  markOf,
} from "./keys/keypath.ts";
import { canonicalIndex, string2keypath } from "./keys/keystring.ts";
import { dict } from "./kinds/dict.ts";
import type { Node } from "./kinds/kind.ts";

/** The kinds of keys of another tree, from one of its nodes down. */
export interface LikeKinds {
  /** The kind of the node's own key; the root has none. */
  readonly mark: Mark | undefined;
  /** Its children, by the text of their keys. */
  readonly children: Map<string, LikeKinds>;
}

/**
 * The key kinds of an existing file, to save a tree with the same: `names` are its key strings, `paths` their
 * key paths where `string2keypath` does not give them.
 */
export function likeKinds(names: readonly string[], paths?: readonly KeyPath[]): LikeKinds {
  const root: LikeKinds = { mark: undefined, children: new Map() };
  names.forEach((name, i) => {
    let at = root;
    for (const entry of paths?.[i] ?? string2keypath(name)) {
      const mark = markOf(entry);
      if (mark === undefined) return;
      const text = String(keyOf(entry));
      const child = at.children.get(text) ?? { mark, children: new Map() };
      at.children.set(text, child);
      at = child;
    }
  });
  return root;
}

/** How keys are written if not as their own kinds. */
export interface RekeyOptions {
  /** `"attrs"` writes the keys of plain objects as attributes. */
  readonly objects?: "dict" | "attrs" | undefined;
  /** Writes keys as the kinds that they have in another tree. */
  readonly like?: LikeKinds | undefined;
}

/** The mark that the keys of a container are written with; `undefined` where each has its own. */
export function writtenMark({ kind }: Node, objects: RekeyOptions["objects"]): Mark | undefined {
  return objects === "attrs" && kind === dict ? "." : kind.mark;
}

/** The keys of a container's children as they are written, or `undefined` where those are its own. */
export function rekeyed(
  node: Node,
  length: number,
  like: LikeKinds | undefined,
  objects: RekeyOptions["objects"],
): readonly KeyEntry[] | undefined {
  const asAttributes = objects === "attrs" && node.kind === dict;
  if (!asAttributes && like === undefined) return undefined;
  let changed = asAttributes;
  // What children go by that the other node does not have.
  const [first] = like?.children.values() ?? [];
  const entries = Array.from({ length }, (_, i) => {
    const own = node.kind.entry(node, i);
    const text = String(keyOf(own));
    const entry = asAttributes ? new GetAttrKey(text) : own;
    const mark = (like?.children.get(text) ?? first)?.mark;
    if (mark === undefined || mark === markOf(entry)) return entry;
    if (mark === "#" && canonicalIndex(text) === undefined) return entry;
    changed = true;
    return entryOf(mark, text);
  });
  return changed ? entries : undefined;
}

/** A container's own keys. */
export function entriesOf(node: Node, length: number): readonly KeyEntry[] {
  return Array.from({ length }, (_, i) => node.kind.entry(node, i));
}

/** The kinds of keys that another tree has below a child. */
export function likeBelow(like: LikeKinds | undefined, entry: KeyEntry): LikeKinds | undefined {
  return like?.children.get(String(keyOf(entry)));
}
