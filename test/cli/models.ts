import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DictKey,
  PyTreeContainer,
  registerPytreeNode,
  save,
  saveFile,
  savePytree,
  Tensor,
} from "pytree2safetensors";

/** Numbers that are the same in every run and look like weights: a normal distribution of deviation 0.02. */
export function weights(shape: readonly number[], seed: number, scale = 0.02): Tensor<"F32"> {
  let state = seed * 2654435761 + 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const data = Float32Array.from({ length: size }, () => {
    return scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  });
  return new Tensor("F32", shape, data);
}

function linear(inputs: number, outputs: number, seed: number) {
  return new PyTreeContainer({
    weight: weights([outputs, inputs], seed).cast("BF16"),
    bias: new Tensor("F32", [outputs], new Float32Array(outputs)),
  });
}

/** A small transformer as an Equinox module has it. */
export function transformer(layers = 6, width = 32) {
  return new PyTreeContainer({
    embedding: new PyTreeContainer({ weight: weights([256, width], 1).cast("BF16") }),
    layers: Array.from({ length: layers }, (_, i) => {
      return new PyTreeContainer({
        attention: new PyTreeContainer({
          qkv: linear(width, 3 * width, 10 * i + 2),
          out: linear(width, width, 10 * i + 3),
        }),
        mlp: new PyTreeContainer({
          up: linear(width, 4 * width, 10 * i + 4),
          down: linear(4 * width, width, 10 * i + 5),
        }),
        scale: new Tensor("F32", [width], new Float32Array(width).fill(1)),
      });
    }),
    head: linear(width, 256, 99),
  });
}

/** The same kind of weights under the names that PyTorch gives them. */
export function torchDict(): Record<string, Tensor> {
  const dict: Record<string, Tensor> = { "wte.weight": weights([64, 8], 1) };
  for (let i = 0; i < 3; i++) {
    dict[`h.${i}.attn.weight`] = weights([8, 24], i + 2);
    dict[`h.${i}.attn.bias`] = weights([24], i + 12);
    dict[`h.${i}.mlp.weight`] = weights([8, 32], i + 22);
  }
  dict["ln_f.weight"] = new Tensor("F32", [8], new Float32Array(8).fill(1));
  return dict;
}

/** A class that the command knows nothing of. */
export class Pair {
  readonly left: unknown;
  readonly right: unknown;
  constructor(left: unknown, right: unknown) {
    this.left = left;
    this.right = right;
  }
}

registerPytreeNode(Pair, {
  name: "test.cli.Pair",
  flattenWithKeys: ({ left, right }) => [
    [
      [new DictKey("left"), left],
      [new DictKey("right"), right],
    ],
    { note: "kept" },
  ],
  unflatten: (_, [left, right]) => new Pair(left, right),
});

/** Saves a tree with an instance of a registered class, which the command doesn't know. */
export async function saveWithClass(path: string): Promise<void> {
  const tree = { pair: new Pair(new Float32Array(2), 1), z: new Map([[2, new Int8Array(1)]]), a: null };
  await savePytree(tree, path, { flush: false });
}

/** A safetensors file of any header and so many zero bytes of data, right or wrong. */
export function fileOf(header: object | string, dataBytes = 0): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.byteLength + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  file.set(text, 8);
  return file;
}

/** Files that break a rule each. */
export const BROKEN: Readonly<Record<string, Uint8Array>> = {
  "short.safetensors": new Uint8Array(3),
  "html.safetensors": Buffer.from("<!DOCTYPE html><html><body>404 Not Found</body></html>"),
  "cut.safetensors": fileOf({ a: { dtype: "F32", shape: [4], data_offsets: [0, 16] } }, 8),
  "faults.safetensors": fileOf(
    {
      a: { dtype: "F32", shape: [4], data_offsets: [0, 12] },
      b: { dtype: "F32", shape: [2], data_offsets: [16, 24] },
      c: { dtype: "F4", shape: [3], data_offsets: [24, 26] },
    },
    20,
  ),
};

/** Writes all the files that the tests and the page in the docs look at. */
export async function writeModels(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  const tree = transformer();
  const metadata = { format: "pt", trained_on: "tiny-shakespeare" };
  await savePytree(tree, at("model.safetensors"), { metadata, flush: false });
  await savePytree(tree, at("shards"), { metadata, maxShardSize: "100KB", flush: false });
  await saveFile(torchDict(), at("torch.safetensors"), { metadata: { format: "pt" }, flush: false });

  const state = {
    params: { w: weights([4, 3], 1), b: null },
    opt: [{ mu: weights([4, 3], 2, 0.001), nu: weights([4, 3], 3, 1e-6) }, {}],
    step: 1200,
    done: false,
    name: "run-7",
  };
  await savePytree(state, at("state.safetensors"), { flush: false });

  const dict = torchDict();
  const tuned: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(dict)) {
    if (name === "ln_f.weight") tuned["norm.weight"] = tensor;
    else if (name === "h.2.attn.bias") tuned[name] = tensor.cast("BF16");
    else if (name === "h.0.mlp.weight") tuned[name] = new Tensor("F32", [32, 8], tensor.data as Float32Array);
    else if (name === "h.1.attn.weight")
      tuned[name] = new Tensor(
        "F32",
        tensor.shape,
        (tensor.data as Float32Array).map((x, i) => (i % 3 ? x : x * 1.001)),
      );
    else if (name !== "h.1.attn.bias") tuned[name] = tensor;
  }
  tuned["lora.a"] = weights([8, 2], 50);
  await saveFile(tuned, at("tuned.safetensors"), { metadata: { format: "pt", epoch: "3" }, flush: false });

  const bad = Float32Array.from([1, Number.NaN, 2, Number.POSITIVE_INFINITY, -3, Number.NaN, 0, 0.5]);
  writeFileSync(at("diverged.safetensors"), save({ "@loss": new Tensor("F32", [8], bad), "@step": 7 }));

  const u8 = (...shape: number[]) =>
    new Tensor("U8", shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)));
  const packed = {
    "layers.0.w": u8(64, 1),
    "layers.0.w.absmax": weights([2], 60),
    "layers.0.w.quant_map": weights([16], 61),
    "layers.0.w.quant_state.bitsandbytes__nf4": u8(90),
    "norm.weight": new Tensor("F32", [8], new Float32Array(8).fill(1)),
  };
  const tied = { format: "pt", "head.weight": "norm.weight" };
  await saveFile(packed, at("nf4.safetensors"), { metadata: tied, flush: false });

  mkdirSync(at("broken"));
  for (const [name, bytes] of Object.entries(BROKEN)) writeFileSync(at(`broken/${name}`), bytes);
}
