/** A part of a tree in the making. */
import { Branch, Static, type Twig } from "./branch.ts";

/**
 * The part of a tree in the making that has the included tensors. Containers of other tensors alone vanish; what
 * has no tensors at all (a `null`, an empty container) stays where a tensor beside it does.
 */
export function prune<R>(root: Twig<R> | undefined, include: (tensor: R) => boolean): Twig<R> | undefined {
  const visit = (twig: Twig<R>): Twig<R> | undefined => {
    if (twig instanceof Static) return twig;
    if (!(twig instanceof Branch)) return include(twig) ? twig : undefined;
    if (twig.witness === undefined) return twig;
    const kept = new Branch<R>(twig.mark, twig.witness);
    kept.length = twig.length;
    kept.record = twig.record;
    let alive = false;
    for (const { key, twig: child } of twig.children()) {
      const left = visit(child);
      if (left === undefined) continue;
      kept.add(key, left);
      alive ||= hasTensors(child);
    }
    return alive ? kept : undefined;
  };
  return root === undefined ? undefined : visit(root);
}

function hasTensors<R>(twig: Twig<R>): boolean {
  return twig instanceof Branch ? twig.witness !== undefined : !(twig instanceof Static);
}
