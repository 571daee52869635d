import { setOwn } from "../../base/dict.ts";
import { compareUtf8 } from "../../base/utf8.ts";
import { PyTreeContainer } from "../kinds/container.ts";
import { type Branch, type Child, Static, type Twig } from "./builder.ts";

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
    const list: unknown[] = [];
    for (let i = 0; i < branch.length; i++) list.push(null);
    for (let child = branch.first; child !== undefined; child = child.next) {
      list[child.key as number] = make(child.twig);
    }
    return list;
  };
  const makeObject = (branch: Branch): object => {
    const object: Record<string, unknown> = branch.mark === "." ? newAttributes(attributes) : {};
    if (isSorted(branch)) {
      for (let child = branch.first; child !== undefined; child = child.next) {
        setOwn(object, child.key as string, make(child.twig));
      }
    } else {
      for (const child of sortedChildren(branch)) setOwn(object, child.key as string, make(child.twig));
    }
    return object;
  };
  return root === undefined ? null : make(root);
}

/** What an attribute node loads as, still empty. */
export function newAttributes(attributes: AttributesAs): Record<string, unknown> {
  return attributes === "container" ? new PyTreeContainer() : {};
}

// From here on UTF-16 and UTF-8 order differently: surrogates and the units above them.
const HIGH = 0xd800;

/** Whether the keys of a dict came in the order that JAX sorts them in. */
function isSorted(branch: Branch): boolean {
  return branch.sorted && !hasHigh(branch);
}

function hasHigh(branch: Branch): boolean {
  for (let child = branch.first; child !== undefined; child = child.next) {
    const key = child.key as string;
    for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) >= HIGH) return true;
  }
  return false;
}

// Most dicts have few keys, for which a call of `sort` costs more than the sorting: a fifth of `dict2pytree`.
const FEW = 12;

function sortedChildren(branch: Branch): readonly Child[] {
  // The engine's own comparison of strings is several times as fast as one in JavaScript.
  const compare = hasHigh(branch) ? compareUtf8 : compareUnits;
  const children: Child[] = [];
  for (let child = branch.first; child !== undefined; child = child.next) children.push(child);
  if (children.length > FEW) return children.sort((a, b) => compare(a.key as string, b.key as string));
  for (let i = 1; i < children.length; i++) {
    const child = children[i]!;
    let at = i;
    while (at > 0 && compare(children[at - 1]!.key as string, child.key as string) > 0) {
      children[at] = children[--at]!;
    }
    children[at] = child;
  }
  return children;
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
