import { setOwn } from "../base/dict.ts";
import { compareUtf8 } from "../base/utf8.ts";
import { type Branch, Static, type Twig } from "./build.ts";
import { PyTreeContainer } from "./container.ts";
import type { DictKeyValue } from "./keypath.ts";

/** What attribute nodes load as. */
export type AttributesAs = "container" | "object";

/**
 * Makes the tree that a builder has planned. Depth is bounded by the builder's limit.
 *
 * @param leafOf The leaf of that number.
 * @param attributes What nodes with attribute keys become.
 * @param override Makes a container in another way than its keys tell; `undefined` leaves it to them.
 */
export function materialize(
  root: Twig | undefined,
  leafOf: (leaf: number) => unknown,
  attributes: AttributesAs = "container",
  override?: (branch: Branch, make: (twig: Twig) => unknown) => { readonly value: unknown } | undefined,
): unknown {
  const make = (twig: Twig): unknown => {
    if (typeof twig === "number") return leafOf(twig);
    if (twig instanceof Static) return twig.value;
    const special = override?.(twig, make);
    if (special !== undefined) return special.value;
    return twig.mark === "#" ? makeList(twig) : makeObject(twig);
  };
  const makeList = (branch: Branch): unknown[] => {
    const list = new Array<unknown>(branch.length).fill(null);
    for (let i = 0; i < branch.keys.length; i++) list[branch.keys[i] as number] = make(branch.twigs[i]!);
    return list;
  };
  const makeObject = (branch: Branch): object => {
    const object: Record<string, unknown> = branch.mark === "." ? newAttributes(attributes) : {};
    const { keys, twigs } = branch;
    const order = sortedOrder(keys);
    for (let i = 0; i < keys.length; i++) {
      const at = order === undefined ? i : order[i]!;
      setOwn(object, String(keys[at]), make(twigs[at]!));
    }
    return object;
  };
  return root === undefined ? null : make(root);
}

/** What an attribute node loads as, still empty. */
export function newAttributes(attributes: AttributesAs): Record<string, unknown> {
  return attributes === "container" ? new PyTreeContainer() : {};
}

/** The order that sorts keys as JAX does, or `undefined` where they are sorted. */
export function sortedOrder(keys: readonly DictKeyValue[]): readonly number[] | undefined {
  for (let i = 1; i < keys.length; i++) {
    if (compareKeys(keys[i - 1]!, keys[i]!) > 0) {
      return Array.from(keys.keys()).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
    }
  }
  return undefined;
}

function compareKeys(a: DictKeyValue, b: DictKeyValue): number {
  return compareUtf8(String(a), String(b));
}
