/** What structure metadata says of a file's tree, added to the tree in the making. */
import type { Pytree2SafetensorsError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { Branch, Static } from "../build/branch.ts";
import type { Tensorlike, TreeBuilder } from "../build/builder.ts";
import type { KeyPath } from "../keys/keypath.ts";
import { disagree } from "../messages.ts";
import type { NodeRecord, ScalarKind } from "./read.ts";

/** What {@link applyRecords} and the kinds of containers take from the options. */
export interface ApplyOptions<R> {
  readonly mode?: "auto" | "ignore" | "require" | undefined;
  readonly onWarning?: ((error: Pytree2SafetensorsError) => void) | undefined;
  readonly isScalar?: ((tensor: R, kind: ScalarKind) => boolean) | undefined;
}

/**
 * Adds to a tree in the making what structure metadata says of its nodes.
 *
 * @returns Which tensors are JavaScript scalars.
 * @throws `StructureMismatch` where the records and the tensors disagree.
 */
export function applyRecords<R extends Tensorlike>(
  builder: TreeBuilder<R>,
  nodes: readonly (readonly [path: KeyPath, record: NodeRecord])[],
  options: ApplyOptions<R>,
): ReadonlyMap<R, ScalarKind> {
  const scalars = new Map<R, ScalarKind>();
  const containers: (readonly [KeyPath, Branch<R>])[] = [];
  for (const [path, record] of nodes) {
    if ("value" in record) {
      const refuse = () => disagree(path, record.what, "a tensor or a container");
      if (builder.addTwig(path, new Static(record.value), refuse) !== undefined) refuse();
    } else if ("scalar" in record) {
      const tensor = builder.tensorAt(path);
      const { scalar } = record;
      if (tensor === undefined) disagree(path, `a ${scalar}`, "no tensor");
      if (scalars.has(tensor) || !(options.isScalar?.(tensor, scalar) ?? true)) {
        disagree(path, `a ${scalar}`, "another tensor");
      }
      scalars.set(tensor, scalar);
    } else {
      const what = `a ${record.kind.name}`;
      const fresh = new Branch<R>(record.mark);
      const refuse = () => disagree(path, what, "something else");
      const branch = builder.addTwig(path, fresh, refuse) ?? fresh;
      if (!(branch instanceof Branch) || branch.record !== undefined) return refuse();
      if (branch.mark !== record.mark) disagree(path, what, "keys of another kind");
      branch.record = record;
      containers.push([path, branch]);
    }
  }
  // Only now has every container all of its children.
  for (const [path, branch] of containers) {
    checkKeys(path, branch);
    branch.record!.kind.settle?.(branch, path, options);
  }
  return scalars;
}

function checkKeys(path: KeyPath, branch: Branch<unknown>): void {
  const { keys } = branch.record!;
  if (keys === undefined) return;
  if (new Set(keys).size < keys.length) disagree(path, "each key once", "a key twice");
  const missing = keys.find((key) => branch.find(key) === undefined);
  if (missing !== undefined) disagree(path, `the key ${quote(String(missing))}`, "no tensor there");
  if (keys.length < branch.size) disagree(path, `${keys.length} keys`, `${branch.size}`);
}
