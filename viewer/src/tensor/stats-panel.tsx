// Statistics of a tensor: read once in a worker, with progress, and stopped when the person goes on.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { drawHistogram } from "../../../src/cli/charts/histogram.ts";
import { formatBytes, formatExact, formatShare } from "../../../src/cli/terminal/sizes.ts";
import { hasNumbers } from "../../../src/cli/values/chunks.ts";
import { sizeOf } from "../../../src/cli/values/size.ts";
import type { TensorStats } from "../../../src/cli/values/stats.ts";
import { measureTensor } from "../numbers/compute.ts";
import { allDigits, visible } from "../tree/spell.ts";
import { Chart } from "../ui/chart.tsx";
import { Failure } from "../ui/failure.tsx";
import { useFrameValue, useTask } from "../ui/hooks.ts";
import { fileNameOf } from "../ui/save.ts";
import { PercentilesTable } from "./percentiles-table.tsx";
import type { TensorProps } from "./values-table.tsx";

// Results of tensors that were looked at, so that going back to one costs nothing.
const known = new WeakMap<object, Map<string, TensorStats>>();

/** Numbers and histogram of a tensor. */
export function StatsPanel({ file, name }: TensorProps) {
  const { dtype, shape, byteLength } = file.info(name);
  const [bins, setBins] = useState(24);
  const [read, setRead] = useFrameValue(0);
  const task = useTask(
    async (signal) => {
      if (!hasNumbers(dtype)) return undefined;
      const results = known.get(file) ?? new Map<string, TensorStats>();
      known.set(file, results);
      const key = `${bins} ${name}`;
      const stats =
        results.get(key) ?? (await measureTensor({ file, name }, { signal, bins, onBytes: setRead }));
      results.set(key, stats);
      return stats;
    },
    [file, name, bins],
  );
  if (!hasNumbers(dtype))
    return <p class="note">The format doesn't define how {dtype} is packed, so there are no statistics.</p>;
  return (
    <div aria-busy={task.running}>
      {task.running ? (
        <p class="progress" role="status">
          <progress max={byteLength || 1} value={read} aria-label="Bytes read" /> {formatBytes(read)} of{" "}
          {formatBytes(byteLength)}
        </p>
      ) : null}
      <Failure error={task.error} />
      {task.value ? (
        <Stats stats={task.value} bins={bins} onBins={setBins}>
          <PercentilesTable file={file} name={name} elements={sizeOf(shape)} />
        </Stats>
      ) : null}
    </div>
  );
}

interface StatsProps {
  readonly stats: TensorStats;
  readonly bins: number;
  readonly onBins: (bins: number) => void;
  /** What stands below the numbers. */
  readonly children: ComponentChildren;
}

function Stats({ stats, bins, onBins, children }: StatsProps) {
  const [log, setLog] = useState(false);
  return (
    <div class="stats">
      <div class="tables">
        <StatsTable stats={stats} />
        {children}
      </div>
      <div>
        <div class="tools">
          <label>
            <input type="checkbox" checked={log} onChange={(event) => setLog(event.currentTarget.checked)} />{" "}
            logarithmic counts
          </label>
          <label>
            Bins{" "}
            <select value={bins} onChange={(event) => onBins(Number(event.currentTarget.value))}>
              {[12, 24, 48, 96, 192].map((count) => (
                <option key={count} value={count}>
                  {count}
                </option>
              ))}
            </select>
          </label>
        </div>
        <Chart
          draw={(width) =>
            drawHistogram(stats.histogram, { title: `Histogram of ${visible(stats.name)}`, log, width })
          }
          name={`${fileNameOf(stats.name)}-histogram`}
        />
      </div>
    </div>
  );
}

function StatsTable({ stats }: { readonly stats: TensorStats }) {
  const { count, min, max, mean, std, zeros, nan, posInf, negInf } = stats;
  const alarm = (number: number) => (number > 0 ? "number alarm" : "number");
  const rows: readonly (readonly [string, string, string?])[] = [
    ["count", formatExact(count)],
    ["min", allDigits(min)],
    ["max", allDigits(max)],
    ["mean", allDigits(mean)],
    ["std", allDigits(std)],
    ["zeros", `${formatExact(zeros)} (${formatShare(zeros, count)})`],
    ["NaN", formatExact(nan), alarm(nan)],
    ["+inf", formatExact(posInf), alarm(posInf)],
    ["-inf", formatExact(negInf), alarm(negInf)],
  ];
  return (
    <table class="facts">
      <caption class="hidden">Statistics</caption>
      <tbody>
        {rows.map(([title, value, style = "number"]) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            <td class={style}>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
