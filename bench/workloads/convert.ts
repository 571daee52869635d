import { type Dtype, openSafetensors, save, Tensor } from "pytree2safetensors";
import { touchMemory } from "../child.ts";
import { type Contestant, contest } from "../contest.ts";
import { weights } from "../models.ts";
import type { Comparison } from "../report-types.ts";
import { count } from "../units.ts";
import type { Workload } from "../workload.ts";

// dtype, the least speed against a copy, and the name that ml_dtypes has for it.
const FORMATS: readonly (readonly [Dtype, number | undefined, string])[] = [
  ["BF16", 0.5, "bfloat16"],
  ["F16", 0.4, "float16"],
  ["F8_E4M3", undefined, "float8_e4m3fn"],
  ["F8_E5M2", undefined, "float8_e5m2"],
  ["F8_E8M0", undefined, "float8_e8m0fnu"],
  ["F8_E4M3FNUZ", undefined, "float8_e4m3fnuz"],
  ["F8_E5M2FNUZ", undefined, "float8_e5m2fnuz"],
  ["F4", undefined, "float4_e2m1fn"],
];

const WHY_NUMPY =
  "NumPy asks the kernel for huge pages (`madvise`), so that its fresh memory costs a five-hundredth of the page faults; nothing in JavaScript can ask for that. The copy into a fresh `Float32Array` has the same page faults as this package.";
const COPY = "`Float32Array.set` into fresh memory";

export const convert: Workload = {
  name: "convert",
  async run(context) {
    const elements = context.quick ? 2 ** 20 : 2 ** 24;
    const python = await context.python();
    const f32 = new Tensor("F32", [elements], weights(elements));
    const floats = new Float32Array(elements);
    const contestants: Contestant[] = [
      { name: COPY, run: () => new Float32Array(elements).set(f32.data as Float32Array) },
    ];
    for (const [dtype, , numpy] of FORMATS) {
      const from = f32.cast(dtype, { lossy: true });
      const codes = from.copy().data;
      // A file in memory, of which reads are views.
      const file = await openSafetensors(save({ f32, from }));
      contestants.push({ name: `from ${dtype}`, run: () => from.cast("F32") });
      contestants.push({ name: `to ${dtype}`, run: () => f32.cast(dtype, { lossy: true }) });
      contestants.push({
        name: `from ${dtype} into`,
        run: () => file.tensor("from", { cast: "F32", into: floats }),
      });
      contestants.push({
        name: `to ${dtype} into`,
        run: () => file.tensor("f32", { cast: dtype, lossy: true, overflow: "ignore", into: codes }),
      });
      const foreign = (name: string, ...job: [string, ...(string | number)[]]) => {
        if (python) contestants.push({ name, run: () => {}, seconds: () => python.seconds(...job) });
      };
      foreign(`python ${dtype}`, "cast", numpy, elements);
      foreign(`python from ${dtype} into`, "cast_into", numpy, elements, 0);
      foreign(`python to ${dtype} into`, "cast_into", numpy, elements, 1);
    }
    context.log(`convert: ${count(elements)} elements of each float format`);
    await touchMemory(64 * elements);
    const results = await contest(contestants, context.quick ? 5 : 9);
    const comparisons = FORMATS.flatMap(([dtype, reach]): Comparison[] => {
      const from = `from ${dtype}`;
      const to = `to ${dtype}`;
      const rows: Comparison[] = [
        {
          what: `${dtype} → F32`,
          against: COPY,
          ours: results.time(from),
          speed: results.speed(from, COPY),
          ...(reach !== undefined && { reach }),
        },
        { what: `F32 → ${dtype}`, against: COPY, ours: results.time(to), speed: results.speed(to, COPY) },
      ];
      if (python) {
        rows.push({
          what: `${dtype} → F32`,
          against: "NumPy `astype` (ml_dtypes)",
          ours: results.time(from),
          speed: results.speed(from, `python ${dtype}`),
          why: WHY_NUMPY,
        });
        const pairs = [
          [`${dtype} → F32`, `${from} into`],
          [`F32 → ${dtype}`, `${to} into`],
        ] as const;
        for (const [what, name] of pairs)
          rows.push({
            what: `${what}, into memory that is there`,
            against: "NumPy `copyto` (ml_dtypes), likewise",
            ours: results.time(name),
            speed: results.speed(name, `python ${name}`),
          });
      }
      return rows;
    });
    return {
      title: "Conversions",
      intro: `${count(elements)} elements each, distributed as weights are, the result in fresh memory unless the row says otherwise, against a copy of as many float32 into fresh memory. When a float format narrows, the result is rounded to nearest even and exact for every value.`,
      comparisons,
    };
  },
};
