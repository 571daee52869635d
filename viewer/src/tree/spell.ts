// Spells nodes for rows; names are text wherever they go, and what can't be seen is written out.
import type { TreeNode } from "../../../src/cli/trees/node.ts";

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
// A row has no room for more, and a name may be as long as the file.
const MOST_CHARACTERS = 2000;

/** A name without characters that would hide, reorder or break what is around it. */
export function visible(text: string): string {
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return shown.replace(UNPRINTABLE, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`) || '""';
}

/** The step from the parent; of a run of equal layers, the first and the last. */
export function labelOf(node: TreeNode, run?: readonly TreeNode[]): string {
  const label = visible(node.label);
  return run ? `${label} … ${visible(run.at(-1)!.label)}` : label;
}

/** A shape as people write it. */
export function shapeOf({ shape = [] }: Pick<TreeNode, "shape">): string {
  return `[${shape.join(", ")}]`;
}

/** The value of a scalar or a static leaf. */
export function valueText({ kind, value }: TreeNode): string {
  if (kind !== "scalar" && kind !== "static") return "";
  return `= ${visible(typeof value === "string" ? JSON.stringify(value) : typeof value === "object" ? JSON.stringify(value) : String(value))}`;
}

/** All digits of a number, as the command's `--json` has them. */
export function allDigits(value: number | bigint): string {
  if (typeof value === "number" && !Number.isFinite(value))
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
