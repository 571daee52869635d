// A heat map of two dimensions of a tensor, with zoom; large ones are shown by every so many elements.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatNumber } from "../../../src/cli/terminal/numbers.ts";
import { hasNumbers } from "../../../src/cli/values/chunks.ts";
import { DTYPES, type Dtype } from "../../../src/index.ts";
import { pngOf } from "../ui/draw-shape.ts";
import { Failure } from "../ui/failure.tsx";
import { useTask } from "../ui/hooks.ts";
import { saveBlob } from "../ui/save.ts";
import { colorize, rangeOf, SCALES, type ScaleName } from "./colors.ts";
import { HeatLegend } from "./heat-legend.tsx";
import { type Axes, firstAxes, type Matrix, type Part, placesOf } from "./slice.ts";
import { SliceChooser } from "./slice-chooser.tsx";
import { pan, spansOf, type Window, zoom } from "./view-window.ts";

/** What a heat map shows, and how the values of a part of it are read. */
export interface HeatMapProps {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly read: (part: Part, signal: AbortSignal) => Promise<Matrix<Float64Array>>;
  /** What `read` reads from: another one is read anew. */
  readonly source: unknown;
  readonly scale: ScaleName;
  readonly fileName: string;
}

/** The picture with its settings, its legend and what is under the pointer. */
export function HeatMap({ name, dtype, shape, read, source, scale: first, fileName }: HeatMapProps) {
  const [axes, setAxes] = useState<Axes>(() => firstAxes(shape));
  const whole = { rows: placesOf(shape, axes.down), columns: placesOf(shape, axes.across) };
  const [view, setView] = useState<Window>({ top: 0, left: 0, ...whole });
  const [scale, setScale] = useState<ScaleName>(first);
  const [pointed, setPointed] = useState<string>("");
  const canvas = useRef<HTMLCanvasElement>(null);
  const { down, across } = spansOf(view, Math.max(1, DTYPES[dtype].bits / 8));
  const task = useTask((signal) => read({ axes, down, across }, signal), [source, name, axes, view]);
  const matrix = task.value;
  const range = useMemo(() => matrix && rangeOf(matrix.elements, SCALES[scale].diverging), [matrix, scale]);

  useEffect(() => {
    const element = canvas.current;
    if (!element || !matrix || !range || matrix.elements.length === 0) return;
    element.width = matrix.columns;
    element.height = matrix.rows;
    const pixels = new ImageData(colorize(matrix.elements, range, scale), matrix.columns, matrix.rows);
    element.getContext("2d")!.putImageData(pixels, 0, 0);
  }, [matrix, range, scale]);

  if (!hasNumbers(dtype))
    return <p class="note">The format doesn't define how {dtype} is packed, so it can't be drawn.</p>;

  const point = (event: MouseEvent) => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
  };
  const tell = (event: MouseEvent) => {
    if (!matrix) return;
    const { x, y } = point(event);
    const row = Math.min(matrix.rows - 1, Math.max(0, Math.floor(y * matrix.rows)));
    const column = Math.min(matrix.columns - 1, Math.max(0, Math.floor(x * matrix.columns)));
    const index = shape.map((_, axis) =>
      axis === axes.down
        ? down.start + row * down.step
        : axis === axes.across
          ? across.start + column * across.step
          : axes.indices[axis],
    );
    setPointed(`[${index.join(", ")}] = ${formatNumber(matrix.elements[row * matrix.columns + column]!, 6)}`);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Readonly<Record<string, Window>> = {
      "+": zoom(view, 0.5, whole),
      "=": zoom(view, 0.5, whole),
      "-": zoom(view, 2, whole),
      "0": { top: 0, left: 0, ...whole },
      ArrowUp: pan(view, 0, -0.25, whole),
      ArrowDown: pan(view, 0, 0.25, whole),
      ArrowLeft: pan(view, -0.25, 0, whole),
      ArrowRight: pan(view, 0.25, 0, whole),
    };
    const next = moves[event.key];
    if (!next || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    setView(next);
  };
  const sampled = down.step > 1 || across.step > 1;
  return (
    <div>
      <SliceChooser
        shape={shape}
        axes={axes}
        onChange={(next) => {
          setAxes(next);
          setView({
            top: 0,
            left: 0,
            rows: placesOf(shape, next.down),
            columns: placesOf(shape, next.across),
          });
        }}
      />
      <div class="tools">
        <button type="button" onClick={() => setView(zoom(view, 0.5, whole))}>
          Zoom in
        </button>
        <button type="button" onClick={() => setView(zoom(view, 2, whole))}>
          Zoom out
        </button>
        <button type="button" onClick={() => setView({ top: 0, left: 0, ...whole })}>
          Show all
        </button>
        <label>
          Colours{" "}
          <select value={scale} onChange={(event) => setScale(event.currentTarget.value as ScaleName)}>
            {Object.entries(SCALES).map(([key, { title }]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={!matrix}
          onClick={async () => saveBlob(await pngOf(canvas.current!), `${fileName}.png`)}
        >
          PNG
        </button>
      </div>
      <Failure error={task.error} />
      <p class="note" role="status">
        {task.running ? "Reading… " : ""}rows {view.top} to {view.top + view.rows - 1}, columns {view.left} to{" "}
        {view.left + view.columns - 1}
        {sampled
          ? `; ${[down.step > 1 && `1 row of ${down.step}`, across.step > 1 && `1 column of ${across.step}`].filter(Boolean).join(", ")} is shown`
          : ""}
      </p>
      <div class="heat">
        <canvas
          ref={canvas}
          class="heat-map"
          style={{ aspectRatio: aspectOf(view) }}
          tabIndex={0}
          role="img"
          aria-label={`Heat map of ${name}. Zoom with plus and minus, move with the arrow keys.`}
          onKeyDown={onKeyDown}
          onMouseMove={tell}
          onMouseLeave={() => setPointed("")}
          onDblClick={(event) => setView(zoom(view, event.shiftKey ? 2 : 0.5, whole, point(event)))}
        />
        {range ? <HeatLegend range={range} scale={scale} /> : null}
      </div>
      <p class="pointed">{pointed || "Double-click to zoom in, Shift + double-click to zoom out."}</p>
    </div>
  );
}

// A vector is a band, not a line that nobody can see; a tall matrix is no higher than wide, to fit the screen.
function aspectOf({ rows, columns }: Window): string {
  const aspect = Math.min(12, Math.max(1, columns / Math.max(1, rows)));
  return String(aspect);
}
