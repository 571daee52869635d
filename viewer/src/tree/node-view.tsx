// What is known of a container, a scalar or a whole checkpoint: totals, dtypes, values, metadata.
import { formatBytes, formatCount, formatExact } from "../../../src/cli/terminal/sizes.ts";
import type { TreeNode } from "../../../src/cli/trees/node.ts";
import type { OpenedFile } from "../open/open.ts";
import { CopyTree } from "./copy-tree.tsx";
import { shapeOf, visible } from "./spell.ts";

/** A node; of the root also the file that it is of. */
export interface NodeViewProps {
  readonly node: TreeNode;
  readonly opened?: OpenedFile;
  readonly warnings?: readonly string[];
}

/** Facts of a node and what lies below it by dtype. */
export function NodeView({ node, opened, warnings = [] }: NodeViewProps) {
  const title = opened ? visible(opened.title) : visible(node.name || node.label);
  const facts: readonly (readonly [string, string])[] = [
    ["kind", node.dtype ? `${node.dtype} ${shapeOf(node)}` : node.kind],
    ...(opened ? ([["keys", opened.style]] as const) : []),
    ["tensors", formatExact(node.tensors)],
    ["parameters", formatExact(node.parameters)],
    ["bytes", `${formatExact(node.bytes)} (${formatBytes(node.bytes)})`],
    ...(opened ? ([["file", `${formatExact(opened.file.byteLength)} bytes`]] as const) : []),
  ];
  return (
    <article class="tensor">
      <h2>{title}</h2>
      {warnings.map((warning) => (
        <p key={warning} class="warning">
          {visible(warning)}
        </p>
      ))}
      <dl class="fact-list">
        {facts.map(([heading, value]) => (
          <div key={heading}>
            <dt>{heading}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {node.kind === "scalar" || node.kind === "static" ? <Value node={node} /> : <Dtypes node={node} />}
      {opened ? <CopyTree root={node} title={opened.title} /> : null}
      {opened ? <Metadata metadata={opened.file.metadata} /> : null}
    </article>
  );
}

function Value({ node }: { readonly node: TreeNode }) {
  const { value } = node;
  const text = typeof value === "object" ? JSON.stringify(value, undefined, 2) : String(value);
  return (
    <section aria-label="Value">
      <h3>Value</h3>
      <pre class="value">{visible(text)}</pre>
    </section>
  );
}

function Dtypes({ node }: { readonly node: TreeNode }) {
  const totals = new Map<string, { tensors: number; parameters: number; bytes: number }>();
  const visit = ({ children, dtype, parameters, bytes }: TreeNode) => {
    for (const child of children) visit(child);
    if (dtype === undefined) return;
    const sum = totals.get(dtype) ?? { tensors: 0, parameters: 0, bytes: 0 };
    totals.set(dtype, {
      tensors: sum.tensors + 1,
      parameters: sum.parameters + parameters,
      bytes: sum.bytes + bytes,
    });
  };
  visit(node);
  if (totals.size === 0) return null;
  return (
    <table class="values">
      <caption class="hidden">By dtype</caption>
      <thead>
        <tr>
          <th scope="col">dtype</th>
          <th scope="col">tensors</th>
          <th scope="col">parameters</th>
          <th scope="col">bytes</th>
        </tr>
      </thead>
      <tbody>
        {[...totals].map(([dtype, sum]) => (
          <tr key={dtype}>
            <th scope="row">{dtype}</th>
            <td>{formatCount(sum.tensors)}</td>
            <td>{formatCount(sum.parameters)}</td>
            <td>{formatBytes(sum.bytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// Metadata may be as long as a header; nobody reads more of it here.
const MOST_ENTRIES = 100;

function Metadata({ metadata }: { readonly metadata: Readonly<Record<string, string>> }) {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return null;
  return (
    <section aria-label="Metadata">
      <h3>Metadata</h3>
      <table class="facts">
        <tbody>
          {entries.slice(0, MOST_ENTRIES).map(([key, value]) => (
            <tr key={key}>
              <th scope="row">{visible(key)}</th>
              <td>{visible(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {entries.length > MOST_ENTRIES ? <p class="note">and {entries.length - MOST_ENTRIES} more</p> : null}
    </section>
  );
}
