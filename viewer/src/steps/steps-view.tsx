// The steps of a training run: metrics as curves, and how a tensor changed over the steps.
import { useMemo, useState } from "preact/hooks";
import { drawCurves } from "../../../src/cli/charts/curves.ts";
import { formatBytes, formatExact } from "../../../src/cli/terminal/sizes.ts";
import { hasNumbers } from "../../../src/cli/values/chunks.ts";
import type { TensorStats } from "../../../src/cli/values/stats.ts";
import { measureTensor } from "../numbers/compute.ts";
import type { OpenedStep } from "../open/open.ts";
import { allDigits, visible } from "../tree/spell.ts";
import { Chart } from "../ui/chart.tsx";
import { Failure } from "../ui/failure.tsx";
import { useFrameValue, useTask } from "../ui/hooks.ts";
import { fileNameOf } from "../ui/save.ts";
import { stepInfoOf } from "./step-info.ts";

/** The steps, and what happens when one, or two, are to be shown. */
export interface StepsViewProps {
  readonly steps: readonly OpenedStep[];
  readonly onOpen: (step: OpenedStep) => void;
  readonly onCompare: (a: OpenedStep, b: OpenedStep) => void;
}

/** Curves of metrics, of one tensor, and the list of steps. */
export function StepsView({ steps, onOpen, onCompare }: StepsViewProps) {
  const infos = useMemo(() => steps.map((step) => ({ ...step, ...stepInfoOf(step.file.metadata) })), [steps]);
  const metrics = useMemo(() => [...new Set(infos.flatMap((info) => [...info.metrics.keys()]))], [infos]);
  const names = useMemo(() => {
    const last = steps.at(-1)!.file;
    return last.names.filter((name) => hasNumbers(last.info(name).dtype));
  }, [steps]);
  const [name, setName] = useState("");
  return (
    <div class="steps">
      <section aria-label="Metrics">
        <h2>Metrics</h2>
        {metrics.length === 0 ? (
          <p class="note">No metrics found. Metrics that you pass to CheckpointManager.save appear here.</p>
        ) : null}
        <div class="charts">
          {metrics.map((metric) => (
            <div key={metric}>
              <h3>{visible(metric)}</h3>
              <Chart
                name={fileNameOf(metric)}
                draw={(width) =>
                  drawCurves(
                    [
                      {
                        name: metric,
                        points: infos.map((info) => ({
                          x: info.step,
                          y: info.metrics.get(metric) ?? Number.NaN,
                        })),
                      },
                    ],
                    { title: `${visible(metric)} over steps`, caption: "step", width },
                  )
                }
              />
            </div>
          ))}
        </div>
      </section>
      <section aria-label="A tensor over steps">
        <h2>A tensor over steps</h2>
        <label>
          Tensor{" "}
          <input
            list="tensor-names"
            value={name}
            placeholder={`for example ${visible(names[0] ?? "")}`}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <datalist id="tensor-names">
          {names.slice(0, 1000).map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
        {names.includes(name) ? <TensorOverSteps key={name} steps={steps} name={name} /> : null}
        {name !== "" && !names.includes(name) ? (
          <p class="note">The last step has no tensor of this name.</p>
        ) : null}
      </section>
      <section aria-label="Steps">
        <h2>Steps</h2>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those who use the keyboard */}
        <section class="table-scroll" tabIndex={0} aria-label="List of steps">
          <table class="values">
            <thead>
              <tr>
                <th scope="col">step</th>
                <th scope="col">saved</th>
                <th scope="col">bytes</th>
                {metrics.map((metric) => (
                  <th key={metric} scope="col">
                    {visible(metric)}
                  </th>
                ))}
                <td />
              </tr>
            </thead>
            <tbody>
              {infos.map((info, i) => (
                <tr key={info.step}>
                  <th scope="row">{formatExact(info.step)}</th>
                  <td>{info.time ? info.time.toISOString().slice(0, 19).replace("T", " ") : ""}</td>
                  <td>{formatBytes(info.file.byteLength)}</td>
                  {metrics.map((metric) => (
                    <td key={metric}>
                      {info.metrics.has(metric) ? allDigits(info.metrics.get(metric)!) : ""}
                    </td>
                  ))}
                  <td>
                    <button type="button" onClick={() => onOpen(steps[i]!)}>
                      Open<span class="hidden"> step {info.step}</span>
                    </button>{" "}
                    {i > 0 ? (
                      <button type="button" onClick={() => onCompare(steps[i - 1]!, steps[i]!)}>
                        Compare with previous<span class="hidden"> of step {info.step}</span>
                      </button>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </section>
    </div>
  );
}

function TensorOverSteps({ steps, name }: { readonly steps: readonly OpenedStep[]; readonly name: string }) {
  const [done, setDone] = useFrameValue(0);
  const task = useTask(
    async (signal) => {
      const results: { readonly step: number; readonly stats: TensorStats }[] = [];
      for (const { step, file } of steps) {
        if (file.has(name)) results.push({ step, stats: await measureTensor({ file, name }, { signal }) });
        setDone(results.length);
      }
      return results;
    },
    [steps, name],
  );
  if (task.running) return <progress max={steps.length} value={done} aria-label="Steps read" />;
  if (!task.value) return <Failure error={task.error} />;
  const norm = task.value.map(({ step, stats }) => ({ x: step, y: normOf(stats) }));
  const spread = task.value.map(({ step, stats: { mean, std } }) => ({
    x: step,
    y: mean,
    low: mean - std,
    high: mean + std,
  }));
  const ends = (pick: (stats: TensorStats) => number | bigint) =>
    task.value!.map(({ step, stats }) => ({ x: step, y: Number(pick(stats)) }));
  const shown = visible(name);
  const extremes = [
    { name: "min", points: ends(({ min }) => min) },
    { name: "mean ± std", points: spread },
    { name: "max", points: ends(({ max }) => max) },
  ];
  return (
    <div class="charts">
      <div>
        <h3>Norm</h3>
        <Chart
          name={`${fileNameOf(name)}-norm`}
          draw={(width) =>
            drawCurves([{ name: "norm", points: norm }], {
              title: `Norm of ${shown} over steps`,
              caption: "step",
              width,
            })
          }
        />
      </div>
      <div>
        <h3>Spread</h3>
        <Chart
          name={`${fileNameOf(name)}-spread`}
          draw={(width) =>
            drawCurves(extremes, {
              title: `Minimum, mean and maximum of ${shown} over steps`,
              caption: "step",
              width,
            })
          }
        />
      </div>
    </div>
  );
}

/** The length of a tensor as a vector, from its moments. */
function normOf({ count, nan, posInf, negInf, mean, std }: TensorStats): number {
  return Math.sqrt((count - nan - posInf - negInf) * (mean * mean + std * std));
}
