// Exact percentiles of a tensor; large tensors are read a few times for them, so there the person is asked first.
import { useState } from "preact/hooks";
import { findPercentiles } from "../numbers/compute.ts";
import { allDigits } from "../tree/spell.ts";
import { Failure } from "../ui/failure.tsx";
import { useTask } from "../ui/hooks.ts";
import type { TensorProps } from "./values-table.tsx";

// The same as those of `p2s stats` without options, and of tensors as large.
const PERCENTS = [1, 5, 25, 50, 75, 95, 99];
const MAX_FREE = 2 ** 26;

/** The percentiles, or a button that finds them. */
export function PercentilesTable({ file, name, elements }: TensorProps & { readonly elements: number }) {
  const [asked, setAsked] = useState(elements <= MAX_FREE);
  const task = useTask(
    async (signal) => (asked ? findPercentiles({ file, name }, PERCENTS, { signal }) : undefined),
    [file, name, asked],
  );
  if (!asked) {
    return (
      <button type="button" onClick={() => setAsked(true)}>
        Compute percentiles
      </button>
    );
  }
  return (
    <>
      <Failure error={task.error} />
      <table class="facts" aria-busy={task.running}>
        <caption class="hidden">Percentiles</caption>
        <tbody>
          {PERCENTS.map((percent, i) => (
            <tr key={percent}>
              <th scope="row">{percent} %</th>
              <td class="number">{task.value ? allDigits(task.value[i]!.value) : "…"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
