// One checkpoint: its tree, and beside it the tensor that was picked.
import { useMemo, useState } from "preact/hooks";
import { formatCount } from "../../../src/cli/terminal/sizes.ts";
import { readTree } from "../../../src/cli/trees/model.ts";
import type { TreeNode } from "../../../src/cli/trees/node.ts";
import type { OpenedFile } from "../open/open.ts";
import { TensorView } from "../tensor/tensor-view.tsx";
import { Failure } from "../ui/failure.tsx";
import { hashOf, painted, useHash, useTask } from "../ui/hooks.ts";
import { findNode, linkName } from "./find-node.ts";
import { NodeView } from "./node-view.tsx";
import { outline } from "./outline.ts";
import { visible } from "./spell.ts";
import { TreeView } from "./tree-view.tsx";

/** The first level of the tree is shown at once, the whole tree as soon as it is built. */
export function FileView({ opened }: { readonly opened: OpenedFile }) {
  const { file, style } = opened;
  const [warnings, setWarnings] = useState(opened.warnings);
  const task = useTask(
    async (signal) => {
      await painted();
      const found: string[] = [];
      const root = await readTree(file, { style, signal, onWarning: (message) => found.push(message) });
      setWarnings([...opened.warnings, ...found]);
      return root;
    },
    [opened],
  );
  const hash = useHash();
  const name = hash.get("tensor") ?? undefined;
  const prefix = hash.get("node") ?? undefined;
  const root = task.value;
  const node = useMemo(
    () =>
      root !== undefined && name === undefined && prefix !== undefined ? findNode(root, prefix) : undefined,
    [root, name, prefix],
  );
  const select = (picked: TreeNode) => {
    location.hash =
      picked.kind === "tensor" ? hashOf({ tensor: picked.name }) : hashOf({ node: linkName(picked) });
  };
  const hasTensor = name !== undefined && file.has(name);
  const detail = hasTensor || name !== undefined || node !== undefined;
  return (
    <div class="panes" data-detail={detail}>
      {task.value ? (
        <TreeView root={task.value} selected={name ?? prefix} onSelect={select} />
      ) : (
        <Outline opened={opened} />
      )}
      <section class="detail" aria-label="Tensor">
        {detail ? (
          <button
            type="button"
            class="back"
            onClick={() => {
              location.hash = "";
            }}
          >
            ‹ Back to the tree
          </button>
        ) : null}
        <Failure error={task.error} />
        {hasTensor ? (
          <TensorView opened={opened} name={name} />
        ) : name !== undefined ? (
          <p class="note">There is no tensor named {visible(name)} in this file.</p>
        ) : node ? (
          <NodeView node={node} />
        ) : task.value ? (
          <NodeView node={task.value} opened={opened} warnings={warnings} />
        ) : null}
      </section>
    </div>
  );
}

function Outline({ opened: { file, style } }: { readonly opened: OpenedFile }) {
  return (
    <section class="tree-pane" aria-label="Tree" aria-busy="true">
      <p class="tree-count" role="status">
        Reading the tree of {formatCount(file.names.length)} tensors…
      </p>
      <ul class="outline">
        {outline(file.names, style).map(({ label, tensors }) => (
          <li key={label} class="row">
            <span class="label">{visible(label)}</span>
            <span class="number">{formatCount(tensors)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
