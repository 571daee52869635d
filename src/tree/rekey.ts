import { entryOf, type KeyPath, keyOf, type Mark, markOf } from "./keys/keypath.ts";
import { canonicalIndex, string2keypath } from "./keys/keystring.ts";
import { childEntry, type NodeData, TreeDef } from "./treedef.ts";

/** The kinds of keys at one node of another tree, by the text of the keys. */
export interface LikeKinds {
  readonly children: ReadonlyMap<string, LikeChild>;
  /** The kind of its first child: what children go by that it does not have. */
  readonly mark: Mark | undefined;
}

/** One child of a {@link LikeKinds}. */
export interface LikeChild {
  readonly mark: Mark;
  readonly below: LikeKinds;
}

interface Growing extends LikeKinds {
  readonly children: Map<string, LikeChild & { readonly below: Growing }>;
  mark: Mark | undefined;
}

/**
 * The key kinds of an existing file, to save a tree with the same: `names` are its key strings, `paths` their
 * key paths where `string2keypath` does not give them.
 */
export function likeKinds(names: readonly string[], paths?: readonly KeyPath[]): LikeKinds {
  const root: Growing = { children: new Map(), mark: undefined };
  names.forEach((name, i) => {
    let at = root;
    for (const entry of paths?.[i] ?? string2keypath(name)) {
      const mark = markOf(entry);
      if (mark === undefined) return;
      const text = String(keyOf(entry));
      let child = at.children.get(text);
      if (child === undefined) {
        child = { mark, below: { children: new Map(), mark: undefined } };
        at.children.set(text, child);
        at.mark ??= mark;
      }
      at = child.below;
    }
  });
  return root;
}

/** How a structure's keys are to be spelled where not by their own kinds. */
export interface RekeyOptions {
  /** `"attrs"` spells the keys of plain objects as attributes. */
  readonly objects?: "dict" | "attrs" | undefined;
  /** Spells keys by the kinds that they have in another tree. */
  readonly like?: LikeKinds | undefined;
}

/**
 * The structure as it is to be written: keys of the kinds that the options ask for. What comes out names
 * leaves, in the same order; it can't be unflattened.
 */
export function rekey(def: TreeDef, { objects, like }: RekeyOptions): TreeDef {
  if (objects !== "attrs" && like === undefined) return def;
  const visit = (at: TreeDef, kinds: LikeKinds | undefined): TreeDef => {
    if (at.children.length === 0 && at.node.kind !== "dict") return at;
    const node = objects === "attrs" && at.node.kind === "dict" ? asAttributes(at.node) : at.node;
    const children = at.children.map((child, i) =>
      visit(child, kinds?.children.get(String(keyOf(childEntry(node, i))))?.below),
    );
    return new TreeDef(kinds === undefined ? node : rekeyNode(node, children.length, kinds), children);
  };
  return visit(def, like);
}

function asAttributes(node: NodeData): NodeData {
  return { ...node, kind: "attrs" };
}

function rekeyNode(node: NodeData, length: number, kinds: LikeKinds): NodeData {
  let changed = false;
  const entries = Array.from({ length }, (_, i) => {
    const entry = childEntry(node, i);
    const text = String(keyOf(entry));
    const mark = kinds.children.get(text)?.mark ?? kinds.mark;
    if (mark === undefined || mark === markOf(entry)) return entry;
    if (mark === "#" && canonicalIndex(text) === undefined) return entry;
    changed = true;
    return entryOf(mark, text);
  });
  if (!changed) return node;
  if (node.keys !== undefined && entries.every((entry) => entry.kind === "attr")) return asAttributes(node);
  return typeof node.kind === "object" ? { ...node, entries } : { kind: "keyed", entries };
}
