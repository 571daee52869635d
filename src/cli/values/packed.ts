/** Weights of a few bits packed into integers, known by the names that quantizers give them. */
import { DTYPES, type SafetensorsFile } from "../../index.node.ts";
import { sizeOf } from "./size.ts";

/** How a quantizer packs weights. */
export type PackingScheme = "GPTQ" | "AWQ" | "bitsandbytes" | "compressed-tensors" | "MXFP4";

/** All tensors of a file that are packed one way. */
export interface Packing {
  readonly scheme: PackingScheme;
  readonly bits: number;
  /** Packed tensors. */
  tensors: number;
  /** The weights in them. */
  parameters: number;
  /** Their bytes, without those of their scales. */
  bytes: number;
}

/** What tensors stand for, by their names. */
export interface PackedFacts {
  readonly packings: readonly Packing[];
  /** Weights by the names of the tensors that they are packed in. */
  readonly weights: ReadonlyMap<string, number>;
  /** Scales, zero points and tables of quantizers: they belong to packed weights and are not parameters of their own. */
  readonly auxiliary: ReadonlySet<string>;
}

/** How many parameters each tensor of a file stands for: packed weights counted one by one, their scales not at all. */
export function parameterCounter(file: SafetensorsFile): (name: string) => number {
  const { weights, auxiliary } = findPacked(file);
  return (name) => (auxiliary.has(name) ? 0 : (weights.get(name) ?? sizeOf(file.info(name).shape)));
}

interface Found {
  readonly scheme: PackingScheme;
  readonly bits: number;
  readonly parameters: number;
  /** Tensors beside it that are no parameters. */
  readonly auxiliary: readonly string[];
}

/** Finds packed weights. Nothing is read but names, dtypes and shapes. */
export function findPacked(file: SafetensorsFile): PackedFacts {
  const weights = new Map<string, number>();
  const auxiliary = new Set<string>();
  const packings = new Map<string, Packing>();
  for (const name of file.names) {
    const found = recognize(file, name);
    if (found === undefined) continue;
    const { scheme, bits, parameters } = found;
    weights.set(name, parameters);
    for (const other of found.auxiliary) if (file.has(other)) auxiliary.add(other);
    const packing = packings.get(`${scheme} ${bits}`) ?? {
      scheme,
      bits,
      tensors: 0,
      parameters: 0,
      bytes: 0,
    };
    packing.tensors++;
    packing.parameters += parameters;
    packing.bytes += file.info(name).byteLength;
    packings.set(`${scheme} ${bits}`, packing);
  }
  return { packings: [...packings.values()], weights, auxiliary };
}

function recognize(file: SafetensorsFile, name: string): Found | undefined {
  if (name.endsWith(".qweight")) return ofQweight(file, name);
  if (name.endsWith(".weight_packed")) return ofCompressed(file, name);
  if (name.endsWith("_blocks")) return ofBlocks(file, name);
  return ofBitsandbytes(file, name);
}

/** GPTQ packs along the inputs, AWQ along the outputs; what lies beside the weights tells which, and how many bits. */
function ofQweight(file: SafetensorsFile, name: string): Found | undefined {
  const stem = name.slice(0, -"qweight".length);
  const own = file.info(name);
  const width = DTYPES[own.dtype].bits;
  const scales = shapeOf(file, `${stem}scales`);
  const zeros = shapeOf(file, `${stem}qzeros`);
  const [rows, columns] = own.shape;
  const outputs = scales?.at(-1);
  if (rows === undefined || columns === undefined || outputs === undefined || own.shape.length !== 2)
    return undefined;
  const auxiliary = ["scales", "qzeros", "g_idx"].map((part) => stem + part);
  if (columns < outputs) {
    const bits = (width * columns) / outputs;
    return isBits(bits) ? { scheme: "AWQ", bits, parameters: rows * outputs, auxiliary } : undefined;
  }
  const inputs = shapeOf(file, `${stem}g_idx`)?.[0];
  const packed = zeros?.at(-1);
  const bits =
    inputs !== undefined
      ? (width * rows) / inputs
      : packed !== undefined
        ? (width * packed) / outputs
        : Number.NaN;
  if (!isBits(bits)) return undefined;
  return { scheme: "GPTQ", bits, parameters: (sizeOf(own.shape) * width) / bits, auxiliary };
}

/** compressed-tensors keeps the shape of the weights in a tensor; their width follows from groups and scales. */
function ofCompressed(file: SafetensorsFile, name: string): Found | undefined {
  const stem = name.slice(0, -"_packed".length);
  const own = file.info(name);
  const scales = shapeOf(file, `${stem}_scale`);
  if (scales === undefined) return undefined;
  // Its packed formats have four bits; wider ones are stored as they are.
  const bits = 4;
  const auxiliary = ["_scale", "_zero_point", "_shape", "_g_idx", "_global_scale"].map((part) => stem + part);
  const parameters = (sizeOf(own.shape) * DTYPES[own.dtype].bits) / bits;
  return { scheme: "compressed-tensors", bits, parameters, auxiliary };
}

/** gpt-oss: blocks of sixteen bytes for thirty-two weights of four bits, and a scale for each. */
function ofBlocks(file: SafetensorsFile, name: string): Found | undefined {
  const scales = `${name.slice(0, -"blocks".length)}scales`;
  const { dtype, shape } = file.info(name);
  if (dtype !== "U8" || !file.has(scales)) return undefined;
  return { scheme: "MXFP4", bits: 4, parameters: 2 * sizeOf(shape), auxiliary: [scales] };
}

/** bitsandbytes keeps the state of its quantization beside the weights; that of 4-bit ones has a name that says so. */
function ofBitsandbytes(file: SafetensorsFile, name: string): Found | undefined {
  const states = ["nf4", "fp4"].map((kind) => `${name}.quant_state.bitsandbytes__${kind}`);
  const state = states.find((other) => file.has(other));
  const { dtype, shape, byteLength } = file.info(name);
  if (state === undefined && !(dtype === "U8" && file.has(`${name}.absmax`) && shape.at(-1) === 1))
    return undefined;
  const parts = ["absmax", "quant_map", "nested_absmax", "nested_quant_map"].map((part) => `${name}.${part}`);
  return { scheme: "bitsandbytes", bits: 4, parameters: 2 * byteLength, auxiliary: [...states, ...parts] };
}

function shapeOf(file: SafetensorsFile, name: string): readonly number[] | undefined {
  return file.has(name) ? file.info(name).shape : undefined;
}

function isBits(bits: number): boolean {
  return [2, 3, 4, 8].includes(bits);
}
