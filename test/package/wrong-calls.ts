// Calls of every public function with arguments that the compiler would refuse, or can't know of.
import * as core from "../../src/index.node.ts";

const { Tensor } = core;

/** Arguments as a program without types passes them. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments are wrong on purpose.
export type Wrong = any;
export type Call = (entry: Entry) => unknown;
export type Entry = Pick<typeof core, "save" | "load"> & Record<string, Wrong>;

/** What a row stands for, the call, and the code of its error. */
export type Row = readonly [what: string, call: Call, code: core.ErrorCode];

const bytes = core.save({ "@a": new Float32Array([1, 2]), "@b": new Float32Array([3, 4]) });
const sink = () => new WritableStream<Uint8Array>();
const file = () => core.openSafetensors(bytes);

class Stranger {}

// The options of every function that has some, `null` as a program without types has it.
const NULL_OPTIONS: Record<string, Call> = {
  save: (p) => p.save({}, null as Wrong),
  load: (p) => p.load(bytes, null as Wrong),
  saveFile: (p) => p.saveFile({}, sink(), null),
  loadFile: (p) => p.loadFile(bytes, null),
  savePytree: (p) => p.savePytree({}, sink(), null),
  serialize: (p) => p.serialize({}, null),
  loadPytree: (p) => p.loadPytree(bytes, null),
  setWeights: (p) => p.setWeights({ a: 1 }, {}, null),
  loadIntoPytree: (p) => p.loadIntoPytree({ a: 1 }, bytes, null),
  pytree2dict: (p) => p.pytree2dict({}, null),
  dict2pytree: (p) => p.dict2pytree({}, null),
};
const NULL_OPTIONS_OF_ROOT: Record<string, Call> = {
  openSafetensors: (p) => p.openSafetensors(bytes, null),
  treeFlatten: (p) => p.treeFlatten({}, null),
  treeFlattenWithPath: (p) => p.treeFlattenWithPath({}, null),
  treeLeaves: (p) => p.treeLeaves({}, null),
  treeLeavesWithPath: (p) => p.treeLeavesWithPath({}, null),
  treeStructure: (p) => p.treeStructure({}, null),
  registerPytreeNode: (p) => p.registerPytreeNode(class {}, null),
  registerDataclass: (p) => p.registerDataclass(class {}, null),
  "Tensor.from": () => Tensor.from([1], null as Wrong),
  "tensor.cast": () => Tensor.from([1]).cast("F16", null as Wrong),
  "file.tensor": async () => (await file()).tensor("@a", null as Wrong),
  "file.tensors": async () => (await file()).tensors(["@a"], null as Wrong).next(),
  "file.slice": async () => (await file()).slice("@a", [], null as Wrong),
  "file.stream": async () => (await file()).stream("@a", null as Wrong).next(),
};

export const OPTIONS: readonly Row[] = [
  ...Object.entries(NULL_OPTIONS).map(
    ([name, call]): Row => [`${name}: null options`, call, "InvalidArgument"],
  ),
  ["save: a string for options", (p) => p.save({}, "strict" as Wrong), "InvalidArgument"],
  ["loadFile: a list for options", (p) => p.loadFile(bytes, []), "InvalidArgument"],
  ["loadFile: a Set for select", (p) => p.loadFile(bytes, { select: new Set() }), "InvalidArgument"],
  ["loadFile: a number for select", (p) => p.loadFile(bytes, { select: 7 }), "InvalidArgument"],
  ["loadFile: no strings in select", (p) => p.loadFile(bytes, { select: [1] }), "InvalidArgument"],
  ["loadFile: a list for keys", (p) => p.loadFile(bytes, { select: "", keys: [] }), "InvalidArgument"],
  ["loadFile: a word for cast", (p) => p.loadFile(bytes, { cast: "float32" }), "UnsupportedDtype"],
  ["loadFile: a number for cast", (p) => p.loadFile(bytes, { cast: 16 }), "InvalidArgument"],
  ["loadFile: cast to a word", (p) => p.loadFile(bytes, { cast: { F32: "f16" } }), "UnsupportedDtype"],
  ["loadFile: cast from a word", (p) => p.loadFile(bytes, { cast: { f32: "F16" } }), "UnsupportedDtype"],
  ["loadFile: memory for into", (p) => p.loadFile(bytes, { into: new Uint8Array(8) }), "InvalidArgument"],
  ["loadFile: a number for the memory", (p) => p.loadFile(bytes, { into: () => 8 }), "InvalidArgument"],
  [
    "loadFile: one memory for two tensors",
    (p) => {
      const memory = new Float32Array(2);
      return p.loadFile(bytes, { into: () => memory });
    },
    "InvalidArgument",
  ],
  [
    "loadFile: memories that overlap",
    (p) => {
      const memory = new Float32Array(3);
      return p.loadFile(bytes, {
        into: (name: string) => memory.subarray(name === "@a" ? 0 : 1).subarray(0, 2),
      });
    },
    "InvalidArgument",
  ],
  ["loadPytree: a Set for select", (p) => p.loadPytree(bytes, { select: new Set() }), "InvalidArgument"],
  ["loadPytree: an unknown word for keys", (p) => p.loadPytree(bytes, { keys: "dots" }), "InvalidArgument"],
  ["loadPytree: a list for keys", (p) => p.loadPytree(bytes, { keys: [] }), "InvalidArgument"],
  [
    "loadPytree: an unknown word for structure",
    (p) => p.loadPytree(bytes, { structure: "nver" }),
    "InvalidArgument",
  ],
  ["loadPytree: null for structure", (p) => p.loadPytree(bytes, { structure: null }), "InvalidArgument"],
  [
    "loadPytree: an unknown word for attributes",
    (p) => p.loadPytree(bytes, { attributes: "x" }),
    "InvalidArgument",
  ],
  ["loadPytree: NaN for maxDepth", (p) => p.loadPytree(bytes, { maxDepth: Number.NaN }), "InvalidArgument"],
  ["loadPytree: NaN for maxGaps", (p) => p.loadPytree(bytes, { maxGaps: Number.NaN }), "InvalidArgument"],
  ["loadPytree: -1 for maxContainers", (p) => p.loadPytree(bytes, { maxContainers: -1 }), "InvalidArgument"],
  ["loadPytree: a text for maxDepth", (p) => p.loadPytree(bytes, { maxDepth: "9" }), "InvalidArgument"],
  [
    "savePytree: NaN for maxDepth",
    (p) => p.savePytree({ a: 1 }, sink(), { maxDepth: Number.NaN }),
    "InvalidArgument",
  ],
  [
    "savePytree: a word for structure",
    (p) => p.savePytree({}, sink(), { structure: "x" }),
    "InvalidArgument",
  ],
  ["savePytree: a word for objects", (p) => p.savePytree({}, sink(), { objects: "x" }), "InvalidArgument"],
  ["savePytree: a list for keys", (p) => p.savePytree({}, sink(), { keys: [] }), "InvalidArgument"],
  [
    "savePytree: a list for metadata",
    (p) => p.savePytree({}, sink(), { metadata: ["x"] }),
    "InvalidMetadata",
  ],
  [
    "savePytree: a Map for metadata",
    (p) => p.savePytree({}, sink(), { metadata: new Map() }),
    "InvalidMetadata",
  ],
  [
    "savePytree: a number in metadata",
    (p) => p.savePytree({}, sink(), { metadata: { step: 1 } }),
    "InvalidMetadata",
  ],
  [
    "savePytree: NaN for maxShardSize",
    (p) => p.savePytree({}, "folder", { maxShardSize: Number.NaN }),
    "InvalidArgument",
  ],
  [
    "savePytree: a word for maxShardSize",
    (p) => p.savePytree({}, "folder", { maxShardSize: "big" }),
    "InvalidArgument",
  ],
  ["savePytree: a number for like", (p) => p.savePytree({}, sink(), { like: 7 }), "InvalidArgument"],
  ["savePytree: a path for like", (p) => p.savePytree({}, sink(), { like: "a" }), "InvalidArgument"],
  ["savePytree: numbers in like", (p) => p.savePytree({}, sink(), { like: [7] }), "InvalidArgument"],
  ["setWeights: a word for match", (p) => p.setWeights({ a: 1 }, {}, { match: "names" }), "InvalidArgument"],
  ["setWeights: a list for keys", (p) => p.setWeights({ a: 1 }, { a: 1 }, { keys: [] }), "InvalidArgument"],
  [
    "setWeights: NaN for maxDepth",
    (p) => p.setWeights({ a: 1 }, {}, { maxDepth: Number.NaN }),
    "InvalidArgument",
  ],
  [
    "loadIntoPytree: a Set for select",
    (p) => p.loadIntoPytree({ a: 1 }, bytes, { select: new Set() }),
    "InvalidArgument",
  ],
  ["pytree2dict: NaN for maxDepth", (p) => p.pytree2dict({}, { maxDepth: Number.NaN }), "InvalidArgument"],
  ["dict2pytree: NaN for maxGaps", (p) => p.dict2pytree({}, { maxGaps: Number.NaN }), "InvalidArgument"],
];

export const VALUES: readonly Row[] = [
  ["save: a Map", (p) => p.save(new Map([["a", new Float32Array(1)]]) as Wrong), "InvalidArgument"],
  ["save: a list", (p) => p.save([new Float32Array(1)] as Wrong), "InvalidArgument"],
  ["save: a number", (p) => p.save(7 as Wrong), "InvalidArgument"],
  ["save: null", (p) => p.save(null as Wrong), "InvalidArgument"],
  ["save: a tensor", (p) => p.save(Tensor.from([1]) as Wrong), "InvalidArgument"],
  ["save: a string in the dict", (p) => p.save({ a: "x" } as Wrong), "UnsupportedLeaf"],
  ["save: a tree", (p) => p.save({ a: { b: new Float32Array(1) } } as Wrong), "UnsupportedLeaf"],
  ["saveFile: a Map", (p) => p.saveFile(new Map(), sink()), "InvalidArgument"],
  ["saveFile: a function", (p) => p.saveFile(() => ({}), sink()), "InvalidArgument"],
  ["saveFile: a number for the sink", (p) => p.saveFile({}, 7), "UnsupportedSink"],
  ["saveFile: null for the sink", (p) => p.saveFile({}, null), "UnsupportedSink"],
  ["savePytree: a list for the sink", (p) => p.savePytree({}, []), "UnsupportedSink"],
  [
    "savePytree: a readable stream for the sink",
    (p) => p.savePytree({}, new Blob([]).stream()),
    "UnsupportedSink",
  ],
  ["savePytree: bytes for the sink", (p) => p.savePytree({}, new Uint8Array(100)), "UnsupportedSink"],
  ["savePytree: a stranger", (p) => p.savePytree({ a: [new Stranger()] }, sink()), "UnsupportedLeaf"],
  ["serialize: a symbol", (p) => p.serialize({ a: Symbol("x") }), "UnsupportedLeaf"],
  ["load: a path", (p) => p.load("model.safetensors" as Wrong), "UnsupportedSource"],
  ["load: nothing", (p) => p.load(undefined as Wrong), "UnsupportedSource"],
  ["loadFile: a number", (p) => p.loadFile(7), "UnsupportedSource"],
  ["loadFile: null", (p) => p.loadFile(null), "UnsupportedSource"],
  ["loadFile: an empty object", (p) => p.loadFile({}), "UnsupportedSource"],
  ["loadFile: a list of paths", (p) => p.loadFile(["a", "b"]), "UnsupportedSource"],
  ["loadPytree: a function", (p) => p.loadPytree(() => bytes), "UnsupportedSource"],
  ["setWeights: a Map", (p) => p.setWeights({ a: 1 }, new Map()), "InvalidArgument"],
  ["setWeights: null for the dict", (p) => p.setWeights({ a: 1 }, null), "InvalidArgument"],
  [
    "setWeights: shapes without data in the template",
    (p) => p.setWeights({ a: { dtype: "F32", shape: [2] } }, { a: new Float32Array(2) }),
    "InvalidArgument",
  ],
  [
    "loadIntoPytree: shapes without data in the template",
    (p) => p.loadIntoPytree({ a: { dtype: "F32", shape: [2] }, b: { dtype: "F32", shape: [2] } }, bytes),
    "InvalidArgument",
  ],
  ["dict2pytree: a Map", (p) => p.dict2pytree(new Map([["a", 1]])), "InvalidArgument"],
  ["dict2pytree: a list", (p) => p.dict2pytree([1]), "InvalidArgument"],
  ["dict2pytree: null", (p) => p.dict2pytree(null), "InvalidArgument"],
  ["dict2pytree: a number", (p) => p.dict2pytree(7), "InvalidArgument"],
];

const path = [new core.DictKey("a")];

export const ROOT_ALONE: readonly Row[] = [
  ...Object.entries(NULL_OPTIONS_OF_ROOT).map(
    ([name, call]): Row => [`${name}: null options`, call, "InvalidArgument"],
  ),
  ["loadFile: an adapter without methods", (p) => p.loadFile(bytes, { arrays: {} }), "InvalidArgument"],
  [
    "savePytree: a name for the adapter",
    (p) => p.savePytree({}, sink(), { arrays: "jax-js" }),
    "InvalidArgument",
  ],
  ["openSafetensors: a number", (p) => p.openSafetensors(7), "UnsupportedSource"],
  ["treeFlatten: NaN for maxDepth", (p) => p.treeFlatten({}, { maxDepth: Number.NaN }), "InvalidArgument"],
  ["treeLeaves: a function for options", (p) => p.treeLeaves({}, () => true), "InvalidArgument"],
  ["treeLeavesWithPath: a number for options", (p) => p.treeLeavesWithPath({}, 7), "InvalidArgument"],
  ["treeUnflatten: no structure", (p) => p.treeUnflatten({}, [1]), "InvalidArgument"],
  [
    "treeUnflatten: too few leaves",
    (p) => p.treeUnflatten(core.treeStructure([1, 2]), [1]),
    "StructureMismatch",
  ],
  ["treeUnflatten: no leaves", (p) => p.treeUnflatten(core.treeStructure([1, 2]), null), "InvalidArgument"],
  ["treeMap: no function", (p) => p.treeMap(null, {}), "InvalidArgument"],
  ["treeMap: trees of two structures", (p) => p.treeMap(Math.max, [1], [1, 2]), "StructureMismatch"],
  ["treeMapWithPath: no function", (p) => p.treeMapWithPath({}, {}), "InvalidArgument"],
  ["registerPytreeNode: no class", (p) => p.registerPytreeNode("Point", {}), "InvalidRegistration"],
  ["registerPytreeNode: no functions", (p) => p.registerPytreeNode(class {}, {}), "InvalidRegistration"],
  ["registerDataclass: no class", (p) => p.registerDataclass(null, {}), "InvalidRegistration"],
  [
    "registerDataclass: a word for the fields",
    (p) => p.registerDataclass(class {}, { dataFields: "x" }),
    "InvalidArgument",
  ],
  ["keypath2string: a string", (p) => p.keypath2string("a"), "InvalidArgument"],
  ["keypath2string: strings", (p) => p.keypath2string(["a"]), "InvalidArgument"],
  ["keypath2string: an entry by itself", (p) => p.keypath2string(path[0]), "InvalidArgument"],
  ["keystr: null", (p) => p.keystr(null), "InvalidArgument"],
  ["keystr: strings", (p) => p.keystr(["a"]), "InvalidArgument"],
  ["string2keypath: a number", (p) => p.string2keypath(7), "InvalidArgument"],
  ["parseSlice: a number", (p) => p.parseSlice(7), "InvalidSlice"],
  ["parseSlice: words", (p) => p.parseSlice("first"), "InvalidSlice"],
  ["openStore: a number", (p) => p.openStore(7), "UnsupportedSink"],
  ["openStore: null options", (p) => p.openStore("/", null), "InvalidArgument"],
  ["cached: null options", (p) => p.cached(bytes, p.memoryStore(), null), "InvalidArgument"],
  ["cached: bytes without a key", (p) => p.cached(bytes, p.memoryStore()), "InvalidArgument"],
  ["cached: a number for the key", (p) => p.cached(bytes, p.memoryStore(), { key: 7 }), "InvalidArgument"],
  ["cachedStore: null options", (p) => p.cachedStore("/", p.memoryStore(), null), "InvalidArgument"],
  ["cachedStore: a number for the cache", (p) => p.cachedStore("/", 7), "UnsupportedSink"],
  ["trimCache: NaN for the bytes", (p) => p.trimCache(p.memoryStore(), Number.NaN), "InvalidArgument"],
  ["trimCache: no bytes", (p) => p.trimCache(p.memoryStore()), "InvalidArgument"],
  ["registerScheme: a colon", (p) => p.registerScheme("x:", () => null), "InvalidArgument"],
  ["registerScheme: a URL's", (p) => p.registerScheme("https", () => null), "InvalidArgument"],
  ["registerScheme: no function", (p) => p.registerScheme("xx", {}), "InvalidArgument"],
  ["guessKeyStyle: a name", (p) => p.guessKeyStyle("a.b"), "InvalidArgument"],
  ["guessKeyStyle: numbers", (p) => p.guessKeyStyle([1]), "InvalidArgument"],
  ["memoryStore: a key that leads out", (p) => p.memoryStore().source("../a"), "InvalidArgument"],
  ["string2keypath: a key path", (p) => p.string2keypath(path), "InvalidArgument"],
  [
    "new Tensor: an unknown dtype",
    () => new Tensor("float32" as Wrong, [1], new Float32Array(1)),
    "UnsupportedDtype",
  ],
  [
    "new Tensor: a number for the dtype",
    () => new Tensor(7 as Wrong, [1], new Float32Array(1)),
    "UnsupportedDtype",
  ],
  [
    "new Tensor: a number for the shape",
    () => new Tensor("F32", 1 as Wrong, new Float32Array(1)),
    "InvalidTensor",
  ],
  [
    "new Tensor: NaN in the shape",
    () => new Tensor("F32", [Number.NaN], new Float32Array(1)),
    "InvalidTensor",
  ],
  ["new Tensor: a list for the data", () => new Tensor("F32", [1], [1] as Wrong), "InvalidTensor"],
  ["new Tensor: no data", () => new Tensor("F32", [1], undefined as Wrong), "InvalidTensor"],
  ["Tensor.fromBytes: null", () => Tensor.fromBytes("F32", [1], null as Wrong), "InvalidTensor"],
  ["Tensor.fromBytes: a list", () => Tensor.fromBytes("F32", [1], [0, 0, 0, 0] as Wrong), "InvalidTensor"],
  [
    "Tensor.fromBuffer: bytes",
    () => Tensor.fromBuffer("F32", [1], new Uint8Array(4) as Wrong),
    "InvalidTensor",
  ],
  ["Tensor.from: a string", () => Tensor.from("1" as Wrong), "InvalidTensor"],
  ["Tensor.from: an object", () => Tensor.from({} as Wrong), "InvalidTensor"],
  [
    "Tensor.from: a word for the dtype",
    () => Tensor.from([1], { dtype: "f32" as Wrong }),
    "UnsupportedDtype",
  ],
  ["Tensor.from: a wrong shape", () => Tensor.from(new Float32Array(4), { shape: [3] }), "InvalidTensor"],
  ["tensor.cast: a word", () => Tensor.from([1]).cast("half" as Wrong), "UnsupportedDtype"],
  ["tensor.item: of two", () => Tensor.from([1, 2]).item(), "InvalidTensor"],
  ["file.info: no such name", async () => (await file()).info("@c"), "TensorNotFound"],
  ["file.tensor: a number", async () => (await file()).tensor(7 as Wrong), "InvalidArgument"],
  [
    "file.tensor: a word for cast",
    async () => (await file()).tensor("@a", { cast: "f16" as Wrong }),
    "UnsupportedDtype",
  ],
  [
    "file.tensor: a list for into",
    async () => (await file()).tensor("@a", { into: [1] as Wrong }),
    "InvalidArgument",
  ],
  ["file.slice: a number", async () => (await file()).slice("@a", 7 as Wrong), "InvalidSlice"],
  ["file.slice: null", async () => (await file()).slice("@a", null as Wrong), "InvalidSlice"],
  ["file.slice: NaN", async () => (await file()).slice("@a", [Number.NaN]), "InvalidSlice"],
  [
    "file.slice: an object of words",
    async () => (await file()).slice("@a", [{ start: "a" }] as Wrong),
    "InvalidSlice",
  ],
  [
    "file.stream: NaN for chunkBytes",
    async () => (await file()).stream("@a", { chunkBytes: Number.NaN }).next(),
    "InvalidArgument",
  ],
];
