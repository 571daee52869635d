// Buttons that save a tensor, or the part of it that is shown, as NPY or CSV.
import { useState } from "preact/hooks";
import { hasNumbers } from "../../../src/cli/values/chunks.ts";
import { DTYPES, type SafetensorsFile } from "../../../src/index.ts";
import { Failure } from "../ui/failure.tsx";
import { fileNameOf, saveBlob } from "../ui/save.ts";
import { asCsv, sliceAsNpy, tensorAsNpy } from "./npy.ts";
import { type Part, placesOf, readElements } from "./slice.ts";

// More is no table that anything opens.
const MOST_CSV_ELEMENTS = 4_000_000;

/** What can be taken away of a tensor. */
export interface TakeAwayProps {
  readonly file: SafetensorsFile;
  readonly name: string;
  /** The matrix that is shown. */
  readonly part: Part;
}

/** The whole tensor as NPY, the matrix with the chosen axes as CSV or NPY. */
export function TakeAway({ file, name, part }: TakeAwayProps) {
  const [error, setError] = useState<unknown>();
  const { dtype, shape } = file.info(name);
  const whole: Part = {
    axes: part.axes,
    down: { start: 0, count: placesOf(shape, part.axes.down), step: 1 },
    across: { start: 0, count: placesOf(shape, part.axes.across), step: 1 },
  };
  const stem = fileNameOf(name);
  const signal = new AbortController().signal;
  const take = (make: () => Promise<Blob>, fileName: string) => async () => {
    setError(undefined);
    try {
      saveBlob(await make(), fileName);
    } catch (reason) {
      setError(reason);
    }
  };
  if (!hasNumbers(dtype)) return null;
  const elements = whole.down.count * whole.across.count;
  const csv = async () => {
    const matrix = await readElements(file, name, whole, signal);
    return asCsv(dtype, matrix.columns, matrix.elements);
  };
  // Packed elements have no bytes of their own to take.
  const hasSlice = shape.length > 2 && DTYPES[dtype].bits % 8 === 0;
  return (
    <div class="tools">
      <span>Save</span>
      <button type="button" onClick={take(() => tensorAsNpy(file, name, signal), `${stem}.npy`)}>
        tensor as NPY
      </button>
      {elements <= MOST_CSV_ELEMENTS && hasSlice ? (
        <button
          type="button"
          onClick={take(() => sliceAsNpy(file, name, whole, signal), `${stem}-slice.npy`)}
        >
          slice as NPY
        </button>
      ) : null}
      {elements <= MOST_CSV_ELEMENTS ? (
        <button type="button" onClick={take(csv, `${stem}.csv`)}>
          {shape.length > 2 ? "slice as CSV" : "values as CSV"}
        </button>
      ) : null}
      <Failure error={error} />
    </div>
  );
}
