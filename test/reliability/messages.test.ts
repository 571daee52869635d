import { readFileSync } from "node:fs";
import {
  type ByteSource,
  dict2pytree,
  type ErrorCode,
  FlattenedIndexKey,
  isPytree2SafetensorsError,
  keypath2string,
  load,
  loadFile,
  loadIntoPytree,
  loadPytree,
  openSafetensors,
  type Pytree2SafetensorsError,
  registerPytreeNode,
  save,
  saveFile,
  savePytree,
  setWeights,
  string2keypath,
  Tensor,
} from "pytree2safetensors";
import { CheckpointManager } from "pytree2safetensors/training";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/io/stores/memory.ts";
import { answer, serve } from "../io/server.ts";
import { fileOf, fileWithHeader } from "./files.ts";

const vector = Tensor.from([1, 2, 3]);
const FILE = save({ "@a": vector });
const entry = (name: string, dtype: string, shape: string, offsets: string) =>
  `{${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${offsets}]}}`;
const parse = (header: string, data = 0) => load(fileWithHeader(header, data));
const memory = () => new WritableStream<Uint8Array>();

class Point {
  x = 1;
}

/** A source over a file that gives fewer bytes than it is asked for once it is open. */
function shortSource(): ByteSource {
  let reads = 0;
  return {
    name: "short",
    size: FILE.length,
    read: (start, end) => FILE.slice(start, end - (reads++ > 0 ? 1 : 0)),
  };
}

async function failingServer(then: Parameters<typeof serve>[0]): Promise<string> {
  const large = save({ w: new Tensor("U8", [100_000], new Uint8Array(100_000)) });
  const server = await serve((request, response, count) => {
    if (count === 1) answer(large, request, response, { headers: { etag: '"1"' } });
    else then(request, response, count);
  });
  return server.url;
}

/** A manager over a store in memory that has step 1. */
async function trained(): Promise<CheckpointManager> {
  const manager = await CheckpointManager.open(memoryStore());
  await manager.save(1, { w: vector });
  return manager;
}

/** A store in memory that another manager is writing. */
async function lockedStore() {
  const store = memoryStore();
  const sink = await store.sink("manager.lock");
  const holder = { id: crypto.randomUUID(), purpose: "write", who: "process 4711 on host", time: Date.now() };
  await sink.write(new TextEncoder().encode(JSON.stringify(holder)));
  await sink.close();
  return store;
}

/** One way to each error. */
const WAYS: Readonly<Record<ErrorCode, () => unknown>> = {
  HeaderTooSmall: () => load(new Uint8Array(7)),
  HeaderTooLarge: () => load(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)),
  InvalidHeaderLength: () => load(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)),
  InvalidHeader: () => load(fileWithHeader(Uint8Array.of(0x7b, 0xff, 0x7d))),
  InvalidHeaderDeserialization: () => parse(entry("layers#0@w", "F33", "1", "0,4"), 4),
  InvalidOffset: () => parse(entry("layers#0@w", "U8", "1", "1,2"), 2),
  TensorInvalidInfo: () => parse(entry("layers#0@w", "F32", "4,4", "0,60"), 60),
  ValidationOverflow: () => parse(entry("layers#0@w", "F32", "4294967296,4294967296", "0,4"), 4),
  MisalignedSlice: () => parse(entry("layers#0@w", "F4", "3", "0,2"), 2),
  MetadataIncompleteBuffer: () => parse(entry("layers#0@w", "U8", "4", "0,4"), 5),
  TensorNotFound: async () => (await openSafetensors(FILE)).tensor("@b"),
  InvalidTensorView: () =>
    saveFile({ w: 0 }, memory(), {
      arrays: {
        name: "liar",
        is: (value): value is number => typeof value === "number",
        describe: () => ({ dtype: "F32", shape: [2] }),
        read: () => new Uint8Array(4),
        make: () => 0,
      },
    }),
  InvalidName: () => save({ __metadata__: vector }),
  InvalidMetadata: () => save({ a: vector }, { metadata: { version: 1 as never } }),
  InvalidTensor: () => new Tensor("F32", [4], new Float32Array(3)),
  InvalidSlice: async () => (await openSafetensors(FILE)).slice("@a", [[0, 2], 5]),
  UnsupportedDtype: () => new Tensor("F6_E2M3", [4], new Uint8Array(3)).toFloat32Array(),
  LossyConversion: () => loadFile(save({ "@a": Tensor.from([1.5]) }), { cast: "I8" }),
  TooLarge: () => openSafetensors({ size: 2 ** 60, read: () => new Uint8Array() }),
  InvalidKeyString: () => string2keypath("layers#01@w"),
  UnsupportedKey: () => keypath2string([...string2keypath("layers#0"), new FlattenedIndexKey(1)]),
  UnsupportedLeaf: () => savePytree({ layers: [{ point: new Point() }] }, memory()),
  DuplicateKey: () => savePytree({ a: { b: vector }, "a@b": vector }, memory(), { structure: "never" }),
  KeyConflict: () => dict2pytree({ "layers#0": 1, "layers@w": 2 }),
  CircularTree: () => {
    const tree: { self?: unknown } = {};
    tree.self = [tree];
    return savePytree({ tree }, memory());
  },
  DepthLimit: () => loadPytree(fileOf(["@a".repeat(1001)])),
  GapLimit: () => loadPytree(fileOf(["layers#20000000@w"])),
  InvalidRegistration: () => {
    const options = { flattenWithKeys: () => ({ children: [] }) as never, unflatten: () => new Point() };
    registerPytreeNode(Point, { ...options, name: "Point" });
    registerPytreeNode(Point, { ...options, name: "Point" });
  },
  StructureMismatch: () =>
    loadPytree(fileOf(["@a"], '{"version":1,"nodes":[[[],"dict",["a","b"]]]}'), { structure: "require" }),
  InvalidStructure: () => loadPytree(fileOf(["@a"], '{"version":2}'), { structure: "require" }),
  ShapeMismatch: () => setWeights({ a: Tensor.from([1, 2]) }, { "@a": vector }),
  WeightsMismatch: () =>
    setWeights({ b: vector, c: vector }, { "@a": vector, "@b": vector }, { strict: true }),
  AmbiguousKey: () =>
    loadIntoPytree({ a: { b: vector } }, save({ "@a.b": vector, "a@b": vector }), { match: "name" } as never),
  UnsupportedSource: () => loadFile(5 as never),
  UnsupportedSink: () => saveFile({ a: vector }, 5 as never),
  SourceChanged: async () => {
    const url = await failingServer((request, response) =>
      answer(new Uint8Array(100_080), request, response, { headers: { etag: '"2"' } }),
    );
    return loadFile(url);
  },
  SourceClosed: async () => {
    const file = await openSafetensors(FILE);
    await file.close();
    return file.tensor("@a");
  },
  ShortRead: () => loadFile(shortSource()),
  HttpError: async () => loadFile(await failingServer((_, response) => response.writeHead(403).end())),
  IoError: () => loadFile("/nowhere/model.safetensors"),
  WriteError: () => saveFile({ a: vector }, "/nowhere/model.safetensors"),
  Timeout: async () => loadFile(await failingServer(() => {}), { timeout: 50, retries: 0 }),
  InvalidIndex: () => openSafetensors(new TextEncoder().encode('{"weight_map":{"a":5}}')),
  MissingShard: () =>
    openSafetensors(new TextEncoder().encode('{"weight_map":{"a":"model-00001-of-00001.safetensors"}}')),
  StepExists: async () => (await trained()).save(1, { w: vector }),
  StepNotFound: async () => (await trained()).restore({ step: 2 }),
  StoreLocked: async () => (await CheckpointManager.open(await lockedStore())).save(1, { w: vector }),
  ManagerClosed: async () => {
    const manager = await trained();
    await manager.close();
    await manager.save(2, { w: vector });
  },
  InvalidArgument: () => savePytree({ a: vector }, "/nowhere", { maxShardSize: "five" }),
  AsyncAdapter: () =>
    load(FILE, {
      arrays: {
        name: "slow",
        is: (value): value is Point => value instanceof Point,
        describe: () => ({ dtype: "F32", shape: [] }),
        read: async () => new Uint8Array(4),
        make: async () => new Point(),
      },
    }),
  AdapterError: () =>
    savePytree({ layers: [new Point()] }, memory(), {
      arrays: {
        name: "points",
        is: (value): value is Point => value instanceof Point,
        describe: () => ({ dtype: "F32", shape: [] }),
        read: () => {
          throw new Error("the device is lost");
        },
        make: async () => new Point(),
      },
    }),
};

async function errorOf(action: () => unknown): Promise<Pytree2SafetensorsError> {
  try {
    await action();
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return error;
    throw error;
  }
  throw new Error("expected an error");
}

/** The codes as they are declared. */
function declaredCodes(): string[] {
  const text = readFileSync(new URL("../../src/base/errors.ts", import.meta.url), "utf8");
  const union = text.slice(text.indexOf("export type ErrorCode"), text.indexOf(";"));
  return [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code!);
}

describe("the message of an error", () => {
  it("is written down for every code", () => {
    expect(Object.keys(WAYS).sort()).toEqual(declaredCodes().sort());
  });

  it("has its code in the table of the guide", () => {
    const guide = readFileSync(new URL("../../docs/guide.md", import.meta.url), "utf8");
    const table = /^\| codes \|.*?\n\n/ms.exec(guide)![0];
    const listed = [...table.matchAll(/`([A-Z]\w+)`/g)].map(([, code]) => code!);
    expect([...new Set(listed)].filter((code) => code !== "CheckpointManager").sort()).toEqual(
      declaredCodes().sort(),
    );
  });

  it.each(Object.entries(WAYS))("of %s says what, where, expected and found", async (code, action) => {
    const error = await errorOf(action);
    expect(error.code).toBe(code);
    const { message, tensor, keyPath, expected, found, status, faults } = error;
    const said = message.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT");
    expect({
      message: said,
      tensor: tensor?.slice(0, 60),
      keyPath,
      expected,
      found,
      status,
    }).toMatchSnapshot();
    expect(faults[0]).toMatchObject({ code });
    // The tensor's name or its key path is in the words too, as far as it is not too long for them.
    const names = [tensor && JSON.stringify(tensor).slice(1, -1), keyPath].filter(
      (name) => name !== undefined,
    );
    if (names.length > 0) expect(names.some((name) => message.includes(name.slice(0, 20)))).toBe(true);
  });
});
