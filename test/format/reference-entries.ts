import type { LayoutEntry } from "../../src/format/layout/layout.ts";
import { DTYPE_NAMES } from "../../src/tensor/dtypes.ts";

const NAMES = [
  "",
  "__proto__",
  'q"\\/\b\f\n\r\t\u0000\u001f\u007f',
  "é\u2028",
  "\uff5e",
  "\u{1f600}",
  "layers#0@w",
];

/** What `test/fixtures/reference/every-dtype.safetensors` holds; the reference implementation wrote it. */
export function referenceEntries(): { entries: LayoutEntry[]; metadata: Record<string, string> } {
  const entries = DTYPE_NAMES.flatMap((dtype, i): LayoutEntry[] => [
    { name: `z.${dtype}`, dtype, shape: [2, 4] },
    { name: `a.${dtype}`, dtype, shape: [0, i] },
    { name: NAMES[i % NAMES.length] + dtype, dtype, shape: [4] },
  ]);
  return {
    entries: [...entries, { name: "scalar", dtype: "F64", shape: [] }],
    metadata: { 'q"é': "\n\u{1f600}" },
  };
}
