/** Which tensors of two files belong together: by name, across key styles, after renaming. */
import { KEY_STYLES, type KeyStyleName, SequenceKey } from "../../index.node.ts";

/** Tensors of two files that belong together. */
export interface NamePair {
  readonly a: string;
  readonly b: string;
}

/** How names are paired. */
export interface PairOptions {
  /** Key styles of the two files; where they differ, names with the same keys belong together. */
  readonly styles: readonly [a: KeyStyleName, b: KeyStyleName];
  /** New names for names of the first file. */
  readonly rename?: ((name: string) => string) | undefined;
}

/** Pairs names. Equal names go first; names that could belong to several others are left alone. */
export function pairNames(
  namesA: readonly string[],
  namesB: readonly string[],
  { styles: [styleA, styleB], rename = (name) => name }: PairOptions,
): { pairs: readonly NamePair[]; onlyA: readonly string[]; onlyB: readonly string[] } {
  const left = new Set(namesB);
  const pairs: NamePair[] = [];
  const onlyA: string[] = [];
  for (const name of namesA) {
    const wanted = rename(name);
    if (left.delete(wanted)) pairs.push({ a: name, b: wanted });
    else onlyA.push(name);
  }
  if (styleA === styleB || onlyA.length === 0 || left.size === 0) return { pairs, onlyA, onlyB: [...left] };
  const keysA = byKeys(onlyA, onlyA.map(rename), styleA);
  const keysB = byKeys([...left], [...left], styleB);
  const rest: string[] = [];
  for (const [keys, a] of keysA) {
    const b = keysB.get(keys);
    if (a.length === 1 && b?.length === 1) {
      left.delete(b[0]!);
      pairs.push({ a: a[0]!, b: b[0]! });
    } else rest.push(...a);
  }
  return { pairs, onlyA: rest, onlyB: [...left] };
}

/** Names by the keys that they spell, whatever the kinds of the keys. */
function byKeys(
  names: readonly string[],
  spelled: readonly string[],
  style: KeyStyleName,
): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  const keys = keysOf(spelled, style);
  for (const [i, name] of names.entries()) {
    const group = groups.get(keys[i]!);
    if (group) group.push(name);
    else groups.set(keys[i]!, [name]);
  }
  return groups;
}

function keysOf(names: readonly string[], style: KeyStyleName): string[] {
  try {
    return KEY_STYLES[style].decode(names).map((path) =>
      path
        .map((entry) => {
          if (entry instanceof SequenceKey) return entry.idx;
          return "name" in entry ? entry.name : entry.key;
        })
        .join("\0"),
    );
  } catch {
    return [...names]; // names that are not of their style spell no keys
  }
}
