import { planLayout } from "../src/format/layout/layout.ts";
import { DTYPE_NAMES } from "../src/tensor/dtypes.ts";
import type { FileParts } from "./mutate.ts";

/** Valid files of every kind, to be mutated. */
export function baseFiles(): FileParts[] {
  const f32 = (name: string, ...shape: number[]) => ({ name, dtype: "F32" as const, shape });
  return [
    written([f32("a", 2)]),
    written([f32("a", 2), f32("b", 2, 2), { name: "c", dtype: "U8", shape: [3] }], { format: "pt" }),
    written(DTYPE_NAMES.map((dtype) => ({ name: `t.${dtype}`, dtype, shape: [2, 4] }))),
    written([f32("scalar"), f32("empty", 0), f32("empty2", 3, 0), { name: "", dtype: "I64", shape: [1] }]),
    written([f32("layers#0@w", 2, 2), f32("layers#0@b", 2), f32("layers#1@w", 2, 2)], {
      a: "1",
      b: "\n\u00e9\ud83d\ude00",
      "": "",
    }),
    written(
      ["__proto__", "constructor", "na\u00efve", "\ud83d\ude00", 'q"q', "back\\slash", "\u0001"].map((name) =>
        f32(name, 1),
      ),
    ),
    written([
      { name: "f4", dtype: "F4", shape: [2, 3] },
      { name: "f6", dtype: "F6_E2M3", shape: [4] },
    ]),
    written([]),
    text("{}", 0),
    text('{"__metadata__":null,"a":{"dtype":"I8","shape":[3],"data_offsets":[0,3]}}', 3),
    text('{"__metadata__":{}}   ', 0),
    text(
      ' {\n "b" : { "shape" : [ 2 , 1 ] , "data_offsets" : [ 4 , 8 ] , "dtype" : "I16" } ,\r\n\t"a":{"data_offsets":[0,4],"dtype":"I32","shape":[]} }\n',
      8,
    ),
    text(
      '{"z":{"dtype":"U16","shape":[2],"data_offsets":[4,8]},"y":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}',
      8,
    ),
    text(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"extra":{"a":[1,2.5e3,-0,{"b":null}],"c":"\\u00e9"},"more":true},"b":{"more":[],"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
    ),
  ];
}

function written(...[entries, metadata]: Parameters<typeof planLayout>): FileParts {
  const { head, totalBytes } = planLayout(entries, metadata);
  return text(Buffer.from(head.subarray(8)).toString("latin1"), totalBytes - head.length);
}

function text(header: string, dataBytes: number): FileParts {
  return { length: BigInt(header.length), header, dataBytes };
}
