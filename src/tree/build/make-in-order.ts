/** Makes a tree while its names are read. */
import { keepShape } from "../../base/keep-shape.ts";
import type { BuildLimits } from "../limits.ts";
import { TreeBuilder } from "./builder.ts";
import { type MakeOptions, Maker } from "./make-tree.ts";

/**
 * Makes a tree of key strings that come container by container, as sorted ones and a tree's own do: each container is
 * made when the next name leaves it, so that what stood for it until then dies young. At 100,000 leaves the collector
 * takes a fourth of the time otherwise. `undefined` where the names come in another order or make no tree: who plans the
 * whole tree first knows which, and has the error.
 */
export function makeInOrder(
  names: readonly string[],
  leafOf: (name: string) => unknown,
  options: MakeOptions & BuildLimits,
): { readonly tree: unknown } | undefined {
  // Names stand for leaves; what is no name is a container that has been made.
  const maker = new Maker<string>((twig) => (typeof twig === "string" ? leafOf(twig) : twig), options);
  const builder = new TreeBuilder<string>(names.length, options);
  builder.onLeave = (branch, parent) => {
    // Those that are not made yet are one in the other: the innermost list is the last.
    if (branch.mark === "#") builder.checkGaps(builder.lists.splice(-1));
    parent.last!.twig = maker.make(branch) as string;
  };
  try {
    for (const name of names) builder.addName(name);
    builder.checkGaps();
    return { tree: builder.root === undefined ? null : maker.make(builder.root) };
  } catch {
    return undefined;
  }
}

keepShape(new Maker(() => undefined, {}));
