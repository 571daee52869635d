// The values of a tensor as a table, a page of rows and columns at a time.
import { useState } from "preact/hooks";
import { floatFormatter } from "../../../src/cli/numpy/float.ts";
import type { Element } from "../../../src/cli/numpy/print.ts";
import { hasNumbers, isFloat } from "../../../src/cli/values/chunks.ts";
import type { Dtype, SafetensorsFile } from "../../../src/index.ts";
import { Failure } from "../ui/failure.tsx";
import { useTask } from "../ui/hooks.ts";
import { type Axes, firstAxes, type Matrix, placesOf, readElements, type Span } from "./slice.ts";
import { SliceChooser } from "./slice-chooser.tsx";
import { TakeAway } from "./take-away.tsx";

/** Which tensor. */
export interface TensorProps {
  readonly file: SafetensorsFile;
  readonly name: string;
}

// What fits a screen or two; a page of other sizes would be as good.
const ROWS = 50;
const COLUMNS = 12;

/** A grid of values with the place of each row and column, and ways to go through it. */
export function ValuesTable({ file, name }: TensorProps) {
  const { dtype, shape } = file.info(name);
  const [axes, setAxes] = useState(() => firstAxes(shape));
  // A single dimension is shown down, where there is room for it.
  const flat = shape.length === 1;
  const down = flat ? 0 : axes.down;
  const across = flat ? -1 : axes.across;
  const shown: Axes = { ...axes, down, across };
  const [rowCount, columnCount] = [placesOf(shape, down), placesOf(shape, across)];
  const [top, setTop] = useState(0);
  const [left, setLeft] = useState(0);
  const rows = spanAt(top, rowCount, ROWS);
  const columns = spanAt(left, columnCount, COLUMNS);
  const task = useTask(
    (signal) => readElements(file, name, { axes: shown, down: rows, across: columns }, signal),
    [file, name, axes, rows.start, columns.start],
  );
  if (!hasNumbers(dtype))
    return <p class="note">The format doesn't define how {dtype} is packed, so its values can't be shown.</p>;
  return (
    <div>
      <SliceChooser
        shape={shape}
        axes={axes}
        onChange={(next) => {
          setAxes(next);
          setTop(0);
          setLeft(0);
        }}
      />
      <div class="tools">
        <Pager title="Rows" span={rows} of={rowCount} page={ROWS} onGo={setTop} />
        {columnCount > COLUMNS ? (
          <Pager title="Columns" span={columns} of={columnCount} page={COLUMNS} onGo={setLeft} />
        ) : null}
      </div>
      <Failure error={task.error} />
      {task.value ? (
        <Grid name={name} dtype={dtype} matrix={task.value} rows={rows} columns={columns} bare={across < 0} />
      ) : null}
      <TakeAway file={file} name={name} part={{ axes: shown, down: rows, across: columns }} />
    </div>
  );
}

function spanAt(start: number, of: number, page: number): Span {
  const from = Math.min(Math.max(0, start), Math.max(0, of - 1));
  return { start: from, count: Math.min(page, of - from), step: 1 };
}

interface PagerProps {
  readonly title: string;
  readonly span: Span;
  readonly of: number;
  readonly page: number;
  readonly onGo: (start: number) => void;
}

function Pager({ title, span, of, page, onGo }: PagerProps) {
  const end = span.start + span.count;
  return (
    <fieldset class="pager">
      <legend class="hidden">{title}</legend>
      <button type="button" disabled={span.start === 0} onClick={() => onGo(span.start - page)}>
        ‹<span class="hidden"> previous {title.toLowerCase()}</span>
      </button>
      <label>
        {title}{" "}
        <input
          type="number"
          min={0}
          max={Math.max(0, of - 1)}
          value={span.start}
          onChange={(event) => onGo(Math.floor(Number(event.currentTarget.value) || 0))}
        />
      </label>
      <span>
        to {Math.max(0, end - 1)} of {of}
      </span>
      <button type="button" disabled={end >= of} onClick={() => onGo(end)}>
        ›<span class="hidden"> next {title.toLowerCase()}</span>
      </button>
    </fieldset>
  );
}

interface GridProps {
  readonly name: string;
  readonly dtype: Dtype;
  readonly matrix: Matrix<readonly Element[]>;
  readonly rows: Span;
  readonly columns: Span;
  /** Whether columns have no places. */
  readonly bare: boolean;
}

function Grid({ name, dtype, matrix, rows, columns, bare }: GridProps) {
  const spell = spellerOf(dtype, matrix.elements);
  const cells = (row: number) => matrix.elements.slice(row * matrix.columns, (row + 1) * matrix.columns);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those who use the keyboard
    <section class="table-scroll" tabIndex={0} aria-label={`Values of ${name}`}>
      <table class="values">
        {bare ? null : (
          <thead>
            <tr>
              <td />
              {Array.from({ length: matrix.columns }, (_, i) => (
                <th key={columns.start + i} scope="col">
                  {columns.start + i}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {Array.from({ length: matrix.rows }, (_, i) => (
            <tr key={rows.start + i}>
              <th scope="row">{rows.start + i}</th>
              {cells(i).map((element, column) => (
                <td key={column}>{spell(element)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Spells elements as numpy prints them. */
function spellerOf(dtype: Dtype, elements: readonly Element[]): (element: Element) => string {
  if (dtype === "BOOL") return (element) => (element ? "True" : "False");
  if (dtype === "C64") {
    const parts = floatFormatter((elements as readonly (readonly [number, number])[]).flat(), dtype);
    return (element) => {
      const [real, imaginary] = element as readonly [number, number];
      const sign = imaginary < 0 || Object.is(imaginary, -0) ? "" : "+";
      return `${parts(real).trim()}${sign}${parts(imaginary).trim()}j`;
    };
  }
  if (!isFloat(dtype)) return String;
  const format = floatFormatter(elements as readonly number[], dtype);
  return (element) => format(element as number).trim();
}
