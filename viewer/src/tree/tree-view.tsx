// The tree of a checkpoint: a virtual list with the keyboard of an ARIA tree.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatBytes, formatCount } from "../../../src/cli/terminal/sizes.ts";
import type { TreeNode } from "../../../src/cli/trees/node.ts";
import { MiddleCut } from "../ui/middle-cut.tsx";
import { useVirtualRows } from "../ui/virtual.ts";
import { keyStep } from "./keyboard.ts";
import { findTensors, type Row, Rows, type SortBy } from "./rows.ts";
import { labelOf, shapeOf, valueText, visible } from "./spell.ts";

/** What the tree view shows and tells. */
export interface TreeViewProps {
  readonly root: TreeNode;
  /** The name of the tensor or container that is shown beside the tree. */
  readonly selected: string | undefined;
  readonly onSelect: (node: TreeNode) => void;
}

// As the style sheet has it.
const ROW_HEIGHT = 28;
// Small trees are shown as they are.
const UNFOLD_ALL_BELOW = 40;

/** The tree with its search and its settings. */
export function TreeView({ root, selected, onSelect }: TreeViewProps) {
  const rowsOf = useMemo(() => new Rows(root), [root]);
  const [unfolded, setUnfolded] = useState<ReadonlySet<object>>(() => firstUnfolded(root, rowsOf));
  const [sort, setSort] = useState<SortBy>("file");
  const [foldEqual, setFoldEqual] = useState(true);
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);

  const rows = useMemo(
    () =>
      search.trim() === "" ? rowsOf.list({ unfolded, sort, foldEqual }) : findTensors(root, search, sort),
    [rowsOf, root, unfolded, sort, foldEqual, search],
  );
  const at = Math.min(active, rows.length - 1);
  const virtual = useVirtualRows(list, rows.length, ROW_HEIGHT, at < 0 ? undefined : at);

  const toggle = ({ id, expanded }: Row, on = !expanded) => {
    const next = new Set(unfolded);
    if (on) next.add(id);
    else next.delete(id);
    setUnfolded(next);
  };
  const go = (index: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    setActive(to);
    virtual.show(to);
  };

  // A link to a tensor unfolds the way to it, once.
  useEffect(() => {
    if (selected === undefined || rows[at]?.node.name === selected) return;
    const path = rowsOf.pathTo(selected);
    if (path.length === 0) return;
    const open = new Set([...unfolded, ...path]);
    setUnfolded(open);
    const index = rowsOf
      .list({ unfolded: open, sort, foldEqual })
      .findIndex(({ node, run }) => node.name === selected && !run);
    if (search === "" && index >= 0) {
      setActive(index);
      requestAnimationFrame(() => virtual.show(index));
    }
  }, [selected, rowsOf]);

  useEffect(() => {
    const focusSearch = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      searchBox.current?.focus();
    };
    addEventListener("keydown", focusSearch);
    return () => removeEventListener("keydown", focusSearch);
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = keyStep(event.key, rows, at, virtual.page);
    if (step === undefined) return;
    event.preventDefault();
    if (step.toggle !== undefined) toggle(row, step.toggle);
    else if (step.select) onSelect(row.node);
    else go(step.to ?? at);
  };

  return (
    <section class="tree-pane" aria-label="Tree">
      <div class="tree-tools">
        <input
          ref={searchBox}
          type="search"
          placeholder="Search names ( / )"
          aria-label="Search names"
          value={search}
          onInput={(event) => {
            setSearch(event.currentTarget.value);
            setActive(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") setSearch("");
            if (event.key === "ArrowDown" || event.key === "Enter") list.current?.focus();
          }}
        />
        <label>
          Sort{" "}
          <select value={sort} onChange={(event) => setSort(event.currentTarget.value as SortBy)}>
            <option value="file">tree</option>
            <option value="name">name</option>
            <option value="size">size</option>
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={foldEqual}
            onChange={(event) => setFoldEqual(event.currentTarget.checked)}
          />{" "}
          fold equal layers
        </label>
        <button type="button" onClick={() => setUnfolded(rowsOf.everything())}>
          Unfold all
        </button>
        <button type="button" onClick={() => setUnfolded(new Set())}>
          Fold all
        </button>
      </div>
      <p class="tree-count" role="status">
        {search.trim() === "" ? totalsOf(root) : `${formatCount(rows.length)} found`}
      </p>
      <div
        ref={list}
        class="tree"
        role="tree"
        aria-label="Tensors"
        tabIndex={0}
        aria-activedescendant={at >= 0 ? `row-${at}` : undefined}
        onKeyDown={onKeyDown}
      >
        <div class="spacer" style={{ height: `${virtual.height}px` }} role="presentation">
          {virtual.items.map(({ index, start }) => (
            <TreeRow
              key={index}
              row={rows[index]!}
              index={index}
              top={start}
              isActive={index === at}
              isSelected={selected !== undefined && rows[index]!.node.name === selected && !rows[index]!.run}
              isFlat={search.trim() !== ""}
              onToggle={() => toggle(rows[index]!)}
              onPick={() => {
                setActive(index);
                onSelect(rows[index]!.node);
              }}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

interface TreeRowProps {
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly isFlat: boolean;
  readonly onToggle: () => void;
  readonly onPick: () => void;
}

function TreeRow({ row, index, top, isActive, isSelected, isFlat, onToggle, onPick }: TreeRowProps) {
  const { node, run, level, expanded, position, siblings } = row;
  const count = run?.length ?? 1;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree that has the focus takes the keys
    <div
      id={`row-${index}`}
      class={`row${isActive ? " active" : ""}${isSelected ? " selected" : ""}${expanded === undefined ? " leaf" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      role="treeitem"
      tabIndex={-1}
      aria-level={level}
      aria-expanded={expanded}
      aria-selected={isSelected}
      aria-posinset={position}
      aria-setsize={siblings}
      onClick={() => {
        if (expanded !== undefined) onToggle();
        onPick();
      }}
    >
      <span class="indent" style={{ width: `${(level - 1) * 12}px` }} />
      <span class="twisty" aria-hidden="true">
        {expanded === undefined ? "" : expanded ? "▾" : "▸"}
      </span>
      <span class="label" title={visible(node.name || node.label)}>
        {isFlat ? <MiddleCut text={visible(node.name || node.label)} /> : labelOf(node, run)}
        {run ? <span class="times"> ×{run.length}</span> : null}
      </span>
      <span class="kind">{node.dtype ?? (node.kind === "none" ? "None" : node.kind)}</span>
      <span class="shape">{node.kind === "tensor" ? shapeOf(node) : valueText(node)}</span>
      <span class="number minor">{node.tensors === 0 ? "" : formatCount(node.parameters * count)}</span>
      <span class="number">{node.tensors === 0 ? "" : formatBytes(node.bytes * count)}</span>
    </div>
  );
}

function firstUnfolded(root: TreeNode, rows: Rows): ReadonlySet<object> {
  if (root.tensors > UNFOLD_ALL_BELOW ** 2)
    return root.children.length === 1 ? new Set(root.children) : new Set();
  const all = rows.everything();
  if (rows.list({ unfolded: all, sort: "file", foldEqual: true }).length <= UNFOLD_ALL_BELOW) return all;
  return root.children.length === 1 ? new Set(root.children) : new Set();
}

function totalsOf({ tensors, parameters, bytes }: TreeNode): string {
  return `${formatCount(tensors)} ${tensors === 1 ? "tensor" : "tensors"}, ${formatCount(parameters)} parameters, ${formatBytes(bytes)}`;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
