import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PyTreeContainer, registerDataclass, savePytree, Tensor } from "pytree2safetensors";
import { DTYPE_NAMES } from "../src/tensor/dtypes.ts";
import { byteLengthOf } from "../src/tensor/size.ts";

/** What Python must find: dtype, shape and bytes by key string, and the tree with key strings as leaves. */
interface Expected {
  readonly tensors: Readonly<Record<string, readonly [dtype: string, shape: readonly number[], hex: string]>>;
  readonly tree: unknown;
}

class Linear {
  weight: Tensor;
  bias: Float32Array;
  activation = "relu";

  constructor(weight: Tensor, bias: Float32Array) {
    this.weight = weight;
    this.bias = bias;
  }
}

/** Saves trees that only JavaScript can make, and writes down what Python must find in the files. */
export async function saveOwnTrees(folder: string): Promise<void> {
  registerDataclass(Linear, { metaFields: ["activation"], name: "interop.Linear" });
  mkdirSync(folder, { recursive: true });
  for (const [name, tree, expected] of ownTrees()) {
    await savePytree(tree, join(folder, `${name}.safetensors`));
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(expected));
  }
}

function* ownTrees(): Generator<[name: string, tree: unknown, expected: Expected]> {
  const pair = Float32Array.of(1.5, -2);
  const bits: [string, number[], string] = ["F32", [2], hex(pair)];

  const scalars = {
    half: 0.5,
    flag: true,
    steps: 3n,
    most: 2n ** 64n - 1n,
    name: "run 7",
    rates: ["a", "b"],
  };
  yield [
    "scalars-and-static-values",
    { ...scalars, weights: [pair, null, undefined], nothing: {}, absent: undefined },
    {
      tensors: {
        "@half": ["F64", [], hex(Float64Array.of(0.5))],
        "@flag": ["BOOL", [], "01"],
        "@steps": ["I64", [], hex(BigInt64Array.of(3n))],
        "@most": ["U64", [], hex(BigUint64Array.of(2n ** 64n - 1n))],
        "@weights#0": bits,
      },
      tree: {
        dict: [
          ...["half", "flag", "steps", "most"].map((key) => [key, `@${key}`]),
          ["weights", { list: ["@weights#0"] }],
        ],
      },
    },
  ];

  const map = new Map<unknown, unknown>([
    [1, pair],
    [-7n, pair],
    [true, { "": pair }],
    ["text", new Map()],
  ]);
  yield [
    "maps",
    [map],
    {
      tensors: { "#0@1": bits, "#0@-7": bits, "#0@true@": bits },
      tree: {
        list: [
          {
            dict: [
              ["1", "#0@1"],
              ["-7", "#0@-7"],
              ["true", { dict: [["", "#0@true@"]] }],
            ],
          },
        ],
      },
    },
  ];

  const weight = new Tensor("BF16", [1, 2], Uint16Array.of(0x3fc0, 0x7fc1));
  const layer = (index: number) => ({
    attrs: [
      ["weight", `.layers#${index}.weight`.slice(1)],
      ["bias", `.layers#${index}.bias`.slice(1)],
    ],
  });
  yield [
    "classes",
    new PyTreeContainer({ layers: [new Linear(weight, pair), new Linear(weight, pair)] }),
    {
      tensors: Object.fromEntries(
        [0, 1].flatMap((index): [string, [string, number[], string]][] => [
          [`layers#${index}.weight`, ["BF16", [1, 2], hex(weight.data)]],
          [`layers#${index}.bias`, bits],
        ]),
      ),
      tree: { attrs: [["layers", { list: [layer(0), layer(1)] }]] },
    },
  ];

  const codes = DTYPE_NAMES.filter((dtype) => !/^F[46]/.test(dtype)).map((dtype) => {
    const bytes = new Uint8Array(byteLengthOf(dtype, [2, 4])).map((_, i) =>
      dtype === "BOOL" ? i % 2 : i * 37,
    );
    return { dtype, bytes };
  });
  yield [
    "every-dtype",
    Object.fromEntries(codes.map(({ dtype, bytes }) => [dtype, Tensor.fromBytes(dtype, [2, 4], bytes)])),
    {
      tensors: Object.fromEntries(
        codes.map(({ dtype, bytes }) => [`@${dtype}`, [dtype, [2, 4], hex(bytes)]]),
      ),
      tree: null, // Python can't load float8
    },
  ];

  const typed = [Int8Array.of(-1), Uint16Array.of(65535), Int32Array.of(-2), new Float64Array(0)];
  yield [
    "typed-arrays",
    typed,
    {
      tensors: {
        "#0": ["I8", [1], "ff"],
        "#1": ["U16", [1], "ffff"],
        "#2": ["I32", [1], "feffffff"],
        "#3": ["F64", [0], ""],
      },
      tree: { list: ["#0", "#1", "#2", "#3"] },
    },
  ];
}

function hex(array: ArrayBufferView): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("hex");
}
