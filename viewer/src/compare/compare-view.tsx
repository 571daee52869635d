// Two checkpoints side by side: what changed, sorted by how much, with the numbers of each pair.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../../src/cli/terminal/numbers.ts";
import { formatBytes, formatCount, plural } from "../../../src/cli/terminal/sizes.ts";
import type { OpenedFile } from "../open/open.ts";
import { visible } from "../tree/spell.ts";
import { Failure } from "../ui/failure.tsx";
import { useHash } from "../ui/hooks.ts";
import { MiddleCut } from "../ui/middle-cut.tsx";
import { useVirtualRows } from "../ui/virtual.ts";
import {
  type Change,
  type ChangeKind,
  isComparable,
  type Sides,
  type SortBy,
  sortChanges,
} from "./difference.ts";
import { PairView } from "./pair-view.tsx";
import { useDifference } from "./use-difference.ts";

/** The two checkpoints. */
export interface CompareViewProps {
  readonly a: OpenedFile;
  readonly b: OpenedFile;
  readonly onSelect: (name: string | undefined) => void;
}

// As the style sheet has it.
const ROW_HEIGHT = 28;

/** The list of changes and the pair that was picked. */
export function CompareView({ a, b, onSelect }: CompareViewProps) {
  const sides = useMemo<Sides>(() => ({ a: a.file, b: b.file, styles: [a.style, b.style] }), [a, b]);
  const { changes, read, total, running, error, start, stop } = useDifference(sides);
  const [sort, setSort] = useState<SortBy>("max");
  const [shown, setShown] = useState<ChangeKind | "all">("all");
  const sorted = useMemo(() => sortChanges(changes, sort), [changes, sort]);
  const rows = useMemo(
    () => (shown === "all" ? sorted : sorted.filter(({ kind }) => kind === shown)),
    [sorted, shown],
  );
  const selected = useHash().get("pair") ?? undefined;
  const picked = selected === undefined ? undefined : changes.find(({ name }) => name === selected);
  const counts = useMemo(() => countKinds(changes), [changes]);
  return (
    <div class="panes" data-detail={picked !== undefined}>
      <section class="tree-pane" aria-label="Changes">
        <p class="sides">
          <span class="side">A</span> {visible(a.title)} <span class="side">B</span> {visible(b.title)}
        </p>
        <div class="tree-tools">
          <label>
            Sort{" "}
            <select value={sort} onChange={(event) => setSort(event.currentTarget.value as SortBy)}>
              <option value="max">greatest difference</option>
              <option value="mean">mean difference</option>
              <option value="relative">relative difference</option>
              <option value="cosine">cosine</option>
              <option value="name">name</option>
            </select>
          </label>
          <label>
            Show{" "}
            <select
              value={shown}
              onChange={(event) => setShown(event.currentTarget.value as ChangeKind | "all")}
            >
              <option value="all">all ({formatCount(changes.length)})</option>
              {[...counts].map(([kind, count]) => (
                <option key={kind} value={kind}>
                  {kind} ({formatCount(count)})
                </option>
              ))}
            </select>
          </label>
          {running ? (
            <button type="button" onClick={stop}>
              Stop
            </button>
          ) : changes.some(isUnread) ? (
            <button type="button" onClick={start}>
              Compare values ({formatBytes(total)} to read)
            </button>
          ) : null}
        </div>
        <p class="tree-count" role="status">
          {running ? (
            <>
              <progress max={total || 1} value={read} aria-label="Bytes compared" /> {formatBytes(read)} of{" "}
              {formatBytes(total)}
            </>
          ) : (
            summaryOf(counts)
          )}
        </p>
        <Failure error={error} />
        <ChangeList rows={rows} selected={selected} onPick={(change) => onSelect(change.name)} />
      </section>
      <section class="detail" aria-label="Pair">
        {picked ? (
          <>
            <button type="button" class="back" onClick={() => onSelect(undefined)}>
              ‹ Back to the list
            </button>
            <PairView change={picked} sides={sides} />
          </>
        ) : (
          <p class="note">Pick a tensor to see how it changed.</p>
        )}
      </section>
    </div>
  );
}

interface ChangeListProps {
  readonly rows: readonly Change[];
  readonly selected: string | undefined;
  readonly onPick: (change: Change) => void;
}

/** The changes as a grid of which only the rows in view are in the document. */
function ChangeList({ rows, selected, onPick }: ChangeListProps) {
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const at = Math.max(0, Math.min(active, rows.length - 1));
  const virtual = useVirtualRows(list, rows.length, ROW_HEIGHT, at);
  useEffect(() => setActive(0), [rows.length]);
  const go = (index: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    setActive(to);
    virtual.show(to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + virtual.page,
      PageUp: at - virtual.page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) go(to);
    else if (event.key === "Enter" && rows[at]) onPick(rows[at]);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={list}
      class="tree changes"
      role="listbox"
      aria-label="Changed tensors"
      tabIndex={0}
      aria-activedescendant={rows.length > 0 ? `change-${at}` : undefined}
      onKeyDown={onKeyDown}
    >
      <div class="spacer" style={{ height: `${virtual.height}px` }} role="presentation">
        {virtual.items.map(({ index, start }) => {
          const change = rows[index]!;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the list that has the focus takes the keys
            <div
              key={index}
              id={`change-${index}`}
              class={`row ${index === at ? "active" : ""} ${change.name === selected ? "selected" : ""}`}
              style={{ transform: `translateY(${start}px)` }}
              role="option"
              tabIndex={-1}
              aria-selected={change.name === selected}
              aria-posinset={index + 1}
              aria-setsize={rows.length}
              onClick={() => {
                setActive(index);
                onPick(change);
              }}
            >
              <span class={`change ${change.kind}`}>{change.kind}</span>
              <span class="label" title={visible(change.name)}>
                <MiddleCut
                  text={visible(change.name) + (change.to === undefined ? "" : ` → ${visible(change.to)}`)}
                />
              </span>
              <span class="shape">{whatChanged(change)}</span>
              <span class="number">
                {change.values && change.kind !== "same" ? formatNumber(change.values.maxAbs) : ""}
              </span>
              <span class="number minor">
                {change.values && change.kind !== "same" ? formatNumber(change.values.meanAbs) : ""}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function whatChanged({ kind, a, b }: Change): string {
  if (kind === "retyped") return `${a!.dtype} → ${b!.dtype}`;
  if (kind === "reshaped") return `[${a!.shape.join(", ")}] → [${b!.shape.join(", ")}]`;
  const info = a ?? b!;
  return `${info.dtype} [${info.shape.join(", ")}]`;
}

function isUnread(change: Change): boolean {
  return isComparable(change) && change.values === undefined;
}

function countKinds(changes: readonly Change[]): ReadonlyMap<ChangeKind, number> {
  const counts = new Map<ChangeKind, number>();
  for (const { kind } of changes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function summaryOf(counts: ReadonlyMap<ChangeKind, number>): string {
  const same = counts.get("same") ?? 0;
  const others = [...counts]
    .filter(([kind]) => kind !== "same")
    .map(([kind, count]) => `${formatCount(count)} ${kind === "unread" ? "not compared" : kind}`);
  return [...others, `${plural(same, "tensor")} the same`].join(", ");
}
