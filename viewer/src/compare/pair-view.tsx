// One tensor of two checkpoints: how far its values differ, the histogram and the picture of the differences.
import { useMemo, useState } from "preact/hooks";
import { drawHistogram } from "../../../src/cli/charts/histogram.ts";
import { formatExact, formatShare } from "../../../src/cli/terminal/sizes.ts";
import type { ComparedPair } from "../numbers/protocol.ts";
import { HeatMap } from "../tensor/heat-map.tsx";
import { type Part, readMatrix } from "../tensor/slice.ts";
import { StatsPanel } from "../tensor/stats-panel.tsx";
import { allDigits, visible } from "../tree/spell.ts";
import { Chart } from "../ui/chart.tsx";
import { Failure } from "../ui/failure.tsx";
import { useTask } from "../ui/hooks.ts";
import { fileNameOf } from "../ui/save.ts";
import { Tabs } from "../ui/tabs.tsx";
import { type Change, compareValues, isComparable, type Sides } from "./difference.ts";

/** A change and the files that it is between. */
export interface PairViewProps {
  readonly change: Change;
  readonly sides: Sides;
}

type Tab = "differences" | "heat map" | "A" | "B";

/** Facts of both sides and, where they have one shape, their differences. */
export function PairView({ change, sides }: PairViewProps) {
  const { name, to, a, b, kind } = change;
  const [tab, setTab] = useState<Tab>("differences");
  const both = a !== undefined && b !== undefined;
  const sameShape = both && String(a.shape) === String(b.shape);
  const tabs: Tab[] = [
    ...(sameShape ? (["differences", "heat map"] as const) : []),
    ...(a ? (["A"] as const) : []),
    ...(b ? (["B"] as const) : []),
  ];
  const shown = tabs.includes(tab) ? tab : tabs[0]!;
  return (
    <article class="tensor">
      <h2>
        {visible(name)}
        {to === undefined ? "" : ` → ${visible(to)}`}
      </h2>
      <p>
        <span class={`change ${kind}`}>{kind}</span> {a ? `A: ${a.dtype} [${a.shape.join(", ")}]` : ""}{" "}
        {b ? `B: ${b.dtype} [${b.shape.join(", ")}]` : ""}
      </p>
      <Tabs tabs={tabs} selected={shown} onSelect={(next) => setTab(next as Tab)}>
        {shown === "differences" ? (
          <Differences key={name} change={change} sides={sides} />
        ) : shown === "heat map" ? (
          <DifferenceMap key={name} change={change} sides={sides} />
        ) : shown === "A" ? (
          <StatsPanel key={`a${name}`} file={sides.a} name={name} />
        ) : (
          <StatsPanel key={`b${name}`} file={sides.b} name={to ?? name} />
        )}
      </Tabs>
    </article>
  );
}

function Differences({ change, sides }: PairViewProps) {
  const task = useTask(
    async (signal) => {
      if (change.values) return change.values;
      return isComparable(change) ? (await compareValues(change, sides, signal)).values : undefined;
    },
    [change.name, change.values, sides],
  );
  if (change.kind === "moved") return <p class="note">The bytes are the same under both names.</p>;
  return (
    <div aria-busy={task.running}>
      {task.running ? <p role="status">Comparing…</p> : null}
      <Failure error={task.error} />
      {task.value ? <Numbers values={task.value} name={change.name} /> : null}
    </div>
  );
}

function Numbers({ values, name }: { readonly values: ComparedPair; readonly name: string }) {
  const [log, setLog] = useState(true);
  const { count, differing, maxAbs, meanAbs, maxRel, cosine, maxUlp, nan } = values;
  if (values.identical)
    return <p class="note">All {formatExact(count)} values are identical, bit for bit.</p>;
  const rows: readonly (readonly [string, string])[] = [
    [
      "values that differ",
      `${formatExact(differing)} of ${formatExact(count)} (${formatShare(differing, count)})`,
    ],
    ["greatest difference", allDigits(maxAbs)],
    ["mean difference", allDigits(meanAbs)],
    ["greatest relative difference", allDigits(maxRel)],
    ["cosine", allDigits(cosine)],
    ...(maxUlp === undefined ? [] : ([["greatest distance in ULPs", formatExact(maxUlp)]] as const)),
    ["NaN on one side only", formatExact(nan)],
  ];
  const title = `Histogram of the differences of ${visible(name)}`;
  return (
    <div class="stats">
      <table class="facts">
        <caption class="hidden">Differences</caption>
        <tbody>
          {rows.map(([heading, value]) => (
            <tr key={heading}>
              <th scope="row">{heading}</th>
              <td class="number">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div>
        <div class="tools">
          <label>
            <input type="checkbox" checked={log} onChange={(event) => setLog(event.currentTarget.checked)} />{" "}
            logarithmic counts
          </label>
        </div>
        <Chart
          draw={(width) => drawHistogram(values.differences, { title, log, caption: "B − A", width })}
          name={`${fileNameOf(name)}-differences`}
        />
      </div>
    </div>
  );
}

function DifferenceMap({ change, sides }: PairViewProps) {
  const { name, to, a, b } = change;
  const read = useMemo(
    () => async (part: Part, signal: AbortSignal) => {
      const [left, right] = await Promise.all([
        readMatrix(sides.a, name, part, signal),
        readMatrix(sides.b, to ?? name, part, signal),
      ]);
      const elements = left.elements.map((value, i) => right.elements[i]! - value);
      return { ...left, elements };
    },
    [sides, name, to],
  );
  if (a!.byteLength === 0) return <p class="note">These tensors have no elements.</p>;
  // The wider of the two decides how much is read for a picture.
  const dtype = a!.byteLength >= b!.byteLength ? a!.dtype : b!.dtype;
  return (
    <HeatMap
      name={`differences of ${visible(name)}`}
      dtype={dtype}
      shape={a!.shape}
      source={sides}
      read={read}
      scale="redBlue"
      fileName={`${fileNameOf(name)}-differences`}
    />
  );
}
