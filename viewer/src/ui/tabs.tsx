// Tabs with the keyboard that screen reader users expect.
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

/** The titles, which of them is shown, and what it shows. */
export interface TabsProps {
  readonly tabs: readonly string[];
  readonly selected: string;
  readonly onSelect: (tab: string) => void;
  readonly children: ComponentChildren;
}

/** A list of tabs over a panel; arrows go from tab to tab. */
export function Tabs({ tabs, selected, onSelect, children }: TabsProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (tabs.indexOf(selected) + step + tabs.length) % tabs.length;
    onSelect(tabs[next]!);
    (list.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs">
      <div ref={list} role="tablist" onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab}
            type="button"
            role="tab"
            id={`${id}-${tab}`}
            aria-selected={tab === selected}
            aria-controls={`${id}-panel`}
            tabIndex={tab === selected ? 0 : -1}
            onClick={() => onSelect(tab)}
          >
            {tab}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${selected}`}>
        {children}
      </div>
    </div>
  );
}
