// Chooses which two axes of a tensor are shown, and the index of every other.
import { useId } from "preact/hooks";
import type { Axes } from "./slice.ts";

/** The shape, the choice, and who is told of another. */
export interface SliceChooserProps {
  readonly shape: readonly number[];
  readonly axes: Axes;
  readonly onChange: (axes: Axes) => void;
}

/** Two lists of axes and a number for each other axis; nothing where there is no choice. */
export function SliceChooser({ shape, axes, onChange }: SliceChooserProps) {
  const id = useId();
  if (shape.length < 2) return null;
  const choose = (which: "down" | "across", axis: number) => {
    const other = which === "down" ? "across" : "down";
    // The axis that was there changes places with the one that was chosen.
    onChange(
      axes[other] === axis ? { ...axes, [which]: axis, [other]: axes[which] } : { ...axes, [which]: axis },
    );
  };
  const axisList = (which: "down" | "across", title: string) => (
    <label>
      {title}{" "}
      <select value={axes[which]} onChange={(event) => choose(which, Number(event.currentTarget.value))}>
        {shape.map((size, axis) => (
          <option key={axis} value={axis}>
            axis {axis} ({size})
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <div class="tools">
      {axisList("down", "Rows")}
      {axisList("across", "Columns")}
      {shape.map((size, axis) =>
        axis === axes.down || axis === axes.across ? null : (
          <label key={axis} for={`${id}-${axis}`}>
            axis {axis}{" "}
            <input
              id={`${id}-${axis}`}
              type="number"
              min={0}
              max={size - 1}
              value={axes.indices[axis]}
              onInput={(event) => {
                const index = Math.min(size - 1, Math.max(0, Math.floor(Number(event.currentTarget.value))));
                onChange({ ...axes, indices: axes.indices.map((old, i) => (i === axis ? index : old)) });
              }}
            />
          </label>
        ),
      )}
    </div>
  );
}
