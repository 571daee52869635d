import { Branch, type Twig } from "./builder.ts";

/**
 * The part of a tree in the making that has the included leaves. Containers of other leaves alone vanish; what
 * has no leaves at all (a `null`, an empty container) stays where a leaf beside it does.
 */
export function prune(root: Twig | undefined, include: (leaf: number) => boolean): Twig | undefined {
  const visit = (twig: Twig): Twig | undefined => {
    if (typeof twig === "number") return include(twig) ? twig : undefined;
    if (!(twig instanceof Branch) || twig.witness === -1) return twig;
    const kept = new Branch(twig.mark, twig.witness);
    kept.length = twig.length;
    kept.record = twig.record;
    let alive = false;
    for (const { key, twig: child } of twig.children()) {
      const left = visit(child);
      if (left === undefined) continue;
      kept.add(key, left);
      alive ||= hasLeaves(child);
    }
    return alive ? kept : undefined;
  };
  return root === undefined ? undefined : visit(root);
}

function hasLeaves(twig: Twig): boolean {
  return typeof twig === "number" || (twig instanceof Branch && twig.witness !== -1);
}
