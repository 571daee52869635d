// All about one tensor: what the header says, and in tabs its statistics, its values and its picture.
import { useState } from "preact/hooks";
import { formatBytes, formatExact } from "../../../src/cli/terminal/sizes.ts";
import { sizeOf } from "../../../src/cli/values/size.ts";
import type { OpenedFile } from "../open/open.ts";
import { visible } from "../tree/spell.ts";
import { fileNameOf } from "../ui/save.ts";
import { Tabs } from "../ui/tabs.tsx";
import { HeatMap } from "./heat-map.tsx";
import { offsetOf } from "./offset.ts";
import { readMatrix } from "./slice.ts";
import { StatsPanel } from "./stats-panel.tsx";
import { ValuesTable } from "./values-table.tsx";

/** Which tensor of which file. */
export interface TensorViewProps {
  readonly opened: OpenedFile;
  readonly name: string;
}

type Tab = "statistics" | "values" | "heat map";

/** Facts and tabs. The tab that was chosen stays for the next tensor. */
export function TensorView({ opened, name }: TensorViewProps) {
  const { file } = opened;
  const { dtype, shape, byteLength } = file.info(name);
  const [tab, setTab] = useState<Tab>("statistics");
  const offset = opened.single ? offsetOf(file, name) : undefined;
  const facts: readonly (readonly [string, string])[] = [
    ["dtype", dtype],
    ["shape", `[${shape.join(", ")}]`],
    ["elements", formatExact(sizeOf(shape))],
    ["bytes", `${formatExact(byteLength)} (${formatBytes(byteLength)})`],
    ...(offset === undefined ? [] : ([["offset", formatExact(offset)]] as const)),
  ];
  return (
    <article class="tensor" key={name}>
      <h2>{visible(name)}</h2>
      <dl class="fact-list">
        {facts.map(([title, value]) => (
          <div key={title}>
            <dt>{title}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Tabs
        tabs={["statistics", "values", "heat map"]}
        selected={tab}
        onSelect={(next) => setTab(next as Tab)}
      >
        {tab === "statistics" ? (
          <StatsPanel key={name} file={file} name={name} />
        ) : tab === "values" ? (
          <ValuesTable key={name} file={file} name={name} />
        ) : byteLength === 0 ? (
          <p class="note">This tensor has no elements.</p>
        ) : (
          <HeatMap
            key={name}
            name={visible(name)}
            dtype={dtype}
            shape={shape}
            source={file}
            read={(part, signal) => readMatrix(file, name, part, signal)}
            scale="viridis"
            fileName={fileNameOf(name)}
          />
        )}
      </Tabs>
    </article>
  );
}
