// Long lists: only the rows in view are in the document.
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
} from "@tanstack/virtual-core";
import type { RefObject } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";

/** The rows to render, and how high the list is with all of them. */
export interface VirtualRows {
  readonly items: readonly VirtualItem[];
  readonly height: number;
  /** Brings a row into view. */
  show(index: number): void;
  /** Rows in view, for page up and page down. */
  readonly page: number;
}

/** Keeps a window of rows of one height over a scrolling element. */
export function useVirtualRows(
  element: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
  active?: number,
): VirtualRows {
  const [, rerender] = useReducer<number, void>((n) => n + 1, 0);
  const options = {
    count,
    estimateSize: () => rowHeight,
    getScrollElement: () => element.current,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    overscan: 12,
    initialRect: { width: 0, height: 800 },
    onChange: () => rerender(),
    // The row that the keyboard is at stays in the document, for screen readers to find.
    rangeExtractor: (range: { startIndex: number; endIndex: number; overscan: number }) => {
      const start = Math.max(0, range.startIndex - range.overscan);
      const end = Math.min(count - 1, range.endIndex + range.overscan);
      const indexes = Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => start + i);
      return active === undefined || active >= count || (active >= start && active <= end)
        ? indexes
        : [...indexes, active].sort((a, b) => a - b);
    },
  };
  const instance = useRef<Virtualizer<HTMLElement, HTMLElement> | undefined>(undefined);
  instance.current ??= new Virtualizer<HTMLElement, HTMLElement>(options);
  const virtualizer = instance.current;
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), []);
  useLayoutEffect(() => virtualizer._willUpdate());
  return {
    items: virtualizer.getVirtualItems(),
    height: virtualizer.getTotalSize(),
    show: (index) => virtualizer.scrollToIndex(index, { align: "auto" }),
    page: Math.max(1, Math.floor((element.current?.clientHeight ?? 800) / rowHeight) - 1),
  };
}
