/** A part of a tree in the making. */
import { Branch, type Twig, witnessOf } from "./branch.ts";

/**
 * The part of a tree in the making that has the included tensors. Containers of other tensors alone vanish; what
 * has no tensors at all (a `null`, an empty container) stays where a tensor beside it does.
 */
export function prune<R>(root: Twig<R> | undefined, include: (tensor: R) => boolean): Twig<R> | undefined {
  const visit = (twig: Twig<R>): Twig<R> | undefined => {
    const witness = witnessOf(twig);
    if (witness === undefined) return twig;
    if (!(twig instanceof Branch)) return include(witness) ? twig : undefined;
    const kept = new Branch<R>(twig.mark);
    kept.length = twig.length;
    kept.record = twig.record;
    let alive = false;
    for (const { key, twig: child } of twig.children()) {
      const left = visit(child);
      if (left === undefined) continue;
      kept.add(key, left);
      alive ||= witnessOf(child) !== undefined;
    }
    return alive ? kept : undefined;
  };
  return root === undefined ? undefined : visit(root);
}
