/** Names that separate keys by one character and say nothing of their kinds: PyTorch's and Flax's. */
import { type BuildLimits, defaultMaxContainers, MAX_DEPTH } from "../limits.ts";
import { tooDeep, tooManyContainers, unsupportedKey } from "../messages.ts";
import { DictKey, type KeyEntry, type KeyPath, keyOf, markOf, SequenceKey } from "./keypath.ts";
import { canonicalIndex } from "./keystring.ts";

/** Spells a key path with a separator between the texts of its keys. */
export function spellSeparated(separator: string): (path: KeyPath) => string {
  return (path) =>
    path
      .map((entry, i) =>
        markOf(entry) === undefined ? unsupportedKey(path.slice(0, i), entry) : String(keyOf(entry)),
      )
      .join(separator);
}

/** What the names say of one node. */
class Segment {
  /** Its children by the texts of their keys, once it has any. */
  children: Map<string, Segment> | undefined;
  /** Whether a name ends here. */
  isName = false;
  /** The highest list index among the children, or NaN once one is not an index. */
  highest = -1;

  /** Whether the children are the elements of a list: distinct indices of which the highest is n-1 are all of 0 to n-1. */
  get isList(): boolean {
    return this.highest === (this.children?.size ?? 0) - 1;
  }
}

/** Reads names with a separator: all together first, for only they tell lists from dicts. */
export function separatedPaths(separator: string) {
  return (names: readonly string[], limits: BuildLimits): ((name: string) => KeyPath) => {
    const { maxDepth = MAX_DEPTH, maxContainers = defaultMaxContainers(names.length) } = limits;
    const split = (name: string): string[] => {
      // The empty name is a tree that is one leaf, unless there are others.
      if (name === "" && names.length === 1) return [];
      const texts = name.split(separator, maxDepth + 1);
      if (texts.length > maxDepth) throw tooDeep(maxDepth, name);
      return texts;
    };
    const root = new Segment();
    // Every node is a container or a name's end.
    let left = maxContainers + names.length;
    for (const name of names) {
      let node = root;
      for (const text of split(name)) {
        node.children ??= new Map();
        let child = node.children.get(text);
        if (child === undefined) {
          if (--left < 0) throw tooManyContainers(maxContainers, names.length, name);
          child = new Segment();
          node.children.set(text, child);
          node.highest = Math.max(node.highest, canonicalIndex(text) ?? Number.NaN);
        }
        node = child;
      }
      node.isName = true;
    }
    keepBeside(root);
    return (name) => {
      const texts = split(name);
      const path: KeyEntry[] = [];
      let node = root;
      for (let i = 0; i < texts.length; i++) {
        const { isList } = node;
        node = node.children!.get(texts[i]!)!;
        // Names go on behind this one: what follows is part of the key.
        const key = node.isName ? texts.slice(i).join(separator) : texts[i]!;
        path.push(isList ? new SequenceKey(Number(key)) : new DictKey(key));
        if (node.isName) break;
      }
      return path;
    };
  };
}

/** Makes dicts of the nodes that hold a name with names behind it: their keys are no indices any more. */
function keepBeside(root: Segment): void {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const child of node.children?.values() ?? []) {
      if (child.isName && child.children !== undefined) node.highest = Number.NaN;
      else if (child.children !== undefined) open.push(child);
    }
  }
}
