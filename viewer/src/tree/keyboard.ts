// What keys do in a tree, as the ARIA practices have it.
import type { Row } from "./rows.ts";

/** What a key asks for: a row to go to, to unfold or fold, or to show. */
export interface KeyStep {
  readonly to?: number;
  readonly toggle?: boolean;
  readonly select?: boolean;
}

/** The step of a key at a row; `undefined` for keys that mean nothing here. */
export function keyStep(key: string, rows: readonly Row[], at: number, page: number): KeyStep | undefined {
  const { expanded, level } = rows[at]!;
  switch (key) {
    case "ArrowDown":
      return { to: at + 1 };
    case "ArrowUp":
      return { to: at - 1 };
    case "PageDown":
      return { to: at + page };
    case "PageUp":
      return { to: at - page };
    case "Home":
      return { to: 0 };
    case "End":
      return { to: rows.length - 1 };
    case "ArrowRight":
      return expanded === false ? { toggle: true } : expanded ? { to: at + 1 } : {};
    case "ArrowLeft":
      return expanded ? { toggle: false } : { to: parentOf(rows, at, level) };
    case "Enter":
      return { select: true };
    case " ":
      return expanded === undefined ? { select: true } : { toggle: !expanded };
    default:
      return undefined;
  }
}

function parentOf(rows: readonly Row[], at: number, level: number): number {
  for (let i = at - 1; i >= 0; i--) if (rows[i]!.level < level) return i;
  return at;
}
