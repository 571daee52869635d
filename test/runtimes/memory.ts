import {
  DTYPE_NAMES,
  dict2pytree,
  isPytree2SafetensorsError,
  LazyTensor,
  load,
  loadFile,
  loadIntoPytree,
  loadPytree,
  openSafetensors,
  PyTreeContainer,
  pytree2dict,
  registerDataclass,
  save,
  savePytree,
  serialize,
  setWeights,
  Tensor,
  treeMap,
} from "pytree2safetensors";
import { describe, equal, it, ok, rejects } from "./harness.ts";
import { CountingSource, concat, floats, MemorySink, model, pattern } from "./support.ts";

class Linear {
  weight: unknown = null;
  bias: unknown = null;
  activation = "relu";
}
registerDataclass(Linear, { metaFields: ["activation"], name: "runtimes.Linear" });

async function roundTrip(tree: unknown, options = {}): Promise<unknown> {
  const sink = new MemorySink();
  await savePytree(tree, sink, options);
  ok(sink.closed, "the sink is closed");
  return loadPytree(sink.bytes);
}

/** What needs nothing of a runtime but JavaScript: the same everywhere. */
export function memoryTests(): void {
  describe("save and load in memory", () => {
    it("gives every dtype back, byte for byte", () => {
      const dict = Object.fromEntries(
        DTYPE_NAMES.map((dtype) => {
          const probe = Tensor.fromBytes(dtype, [0], new Uint8Array(0));
          const width = { F4: 0.5, F6_E2M3: 0.75, F6_E3M2: 0.75, C64: 8 }[dtype as string];
          const bytes = 24 * (width ?? probe.data.BYTES_PER_ELEMENT);
          return [
            dtype,
            Tensor.fromBytes(
              dtype,
              [2, 3, 4],
              pattern(bytes).map((byte) => byte & 1),
            ),
          ];
        }),
      );
      const loaded = load(save(dict));
      equal(Object.keys(loaded).sort(), Object.keys(dict).sort(), "names");
      for (const [name, tensor] of Object.entries(dict)) ok(loaded[name]!.equals(tensor), name);
    });

    it("writes the reference's layout", () => {
      const bytes = save({ b: Tensor.from([1, 2]), a: new Uint8Array([7]) }, { metadata: { k: "v" } });
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      equal(
        new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd(),
        '{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
          '"a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}',
      );
      equal(length % 8, 0, "padding");
      equal(bytes.subarray(8 + length), new Uint8Array([0, 0, 128, 63, 0, 0, 0, 64, 7]), "data");
    });

    it("keeps hostile keys own properties, far from every prototype", async () => {
      const keys = ["__proto__", "constructor", "toString", "hasOwnProperty", "ü 😀", "", "0"];
      const dict: Record<string, Tensor> = {};
      for (const [i, key] of keys.entries()) {
        Object.defineProperty(dict, key, { value: Tensor.from([i]), enumerable: true });
      }
      const loaded = load(save(dict));
      equal(Object.keys(loaded).sort(), [...keys].sort(), "keys");
      for (const [i, key] of keys.entries()) equal(loaded[key]!.item(), i, key);
      equal(Object.getPrototypeOf(loaded), Object.prototype, "prototype");
      const tree = (await loadPytree(save({ "@__proto__@polluted": Tensor.from([1]) }))) as object;
      equal(Object.keys(tree), ["__proto__"], "keys of the tree");
      equal(({} as Record<string, unknown>).polluted, undefined, "Object.prototype");
    });

    it("refuses broken files by code", async () => {
      const bytes = save({ x: Tensor.from([1, 2, 3]) });
      await rejects(() => load(bytes.subarray(0, 5)), "HeaderTooSmall");
      await rejects(() => load(bytes.subarray(0, bytes.length - 1)), "MetadataIncompleteBuffer");
      const duplicate = new TextEncoder().encode(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      );
      const prefix = new Uint8Array(8);
      new DataView(prefix.buffer).setBigUint64(0, BigInt(duplicate.length), true);
      const error = await rejects(() => load(concat([prefix, duplicate])), "InvalidHeaderDeserialization");
      ok(isPytree2SafetensorsError(error), "the guard knows it");
    });
  });

  describe("trees", () => {
    it("come back equal: containers, nulls, scalars, key types, classes, static fields", async () => {
      const layer = Object.assign(new Linear(), { weight: Tensor.from([[1, 2]]), activation: "gelu" });
      const tree = {
        layers: [layer, null],
        byNumber: new Map<unknown, unknown>([
          [1, Tensor.from([1])],
          [true, Tensor.from([2])],
        ]),
        "odd.key@#": Tensor.from([3]),
        attrs: new PyTreeContainer({ x: Tensor.from([4]), empty: {} }),
        step: 10,
        big: 2n ** 63n,
        flag: true,
        name: "adam",
        nothing: [],
        trailing: [Tensor.from([5]), null, null],
      };
      equal(await roundTrip(tree), tree, "tree");
    });

    it("go to dicts and back, leaves untouched", () => {
      const tree = { layers: [{ w: floats(4) }, { w: floats(4, 2) }] };
      const dict = pytree2dict(tree);
      equal(Object.keys(dict), ["@layers#0@w", "@layers#1@w"], "keys");
      ok(dict["@layers#0@w"] === tree.layers[0]!.w, "the very leaf");
      equal(dict2pytree(dict), tree, "tree");
    });

    it("fill templates by setWeights and loadIntoPytree", async () => {
      const trained = model();
      const fresh = treeMap((leaf: Tensor) => new Tensor(leaf.dtype, leaf.shape, leaf.data.slice()), trained);
      const bytes = (await collect(await serialize(trained))) as Uint8Array;
      const loaded = await loadIntoPytree(fresh, bytes, { strict: true });
      equal(loaded, trained, "loaded");
      equal(setWeights(fresh, load(bytes)), trained, "set");
      await rejects(() => loadIntoPytree({ embedding: Tensor.from([1]) }, bytes), "ShapeMismatch");
    });
  });

  describe("an open file", () => {
    it("reads its header at open, a tensor's own bytes after", async () => {
      const source = new CountingSource((await collect(await serialize(model()))) as Uint8Array);
      const file = await openSafetensors(source);
      equal(source.reads, 1, "reads at open");
      ok(source.bytesRead <= 65_536, "64 KiB at open");
      equal(file.info("@embedding"), { dtype: "F32", shape: [512, 96], byteLength: 512 * 96 * 4 }, "info");
      source.bytesRead = 0;
      ok((await file.tensor("@layers#3@w")).equals(model().layers[3]!.w), "values");
      equal(source.bytesRead, 4096, "bytes of the tensor");
      await file.close();
      await rejects(() => file.tensor("@layers#3@w"), "SourceClosed");
    });

    it("slices rows and columns", async () => {
      const source = new CountingSource((await collect(await serialize(model()))) as Uint8Array);
      const file = await openSafetensors(source);
      source.bytesRead = 0;
      const rows = await file.slice("@embedding", [[10, 12]]);
      equal(rows.shape, [2, 96], "shape");
      equal(rows.data, model().embedding.data.slice(960, 1152), "rows");
      equal(source.bytesRead, 2 * 96 * 4, "bytes of the rows");
      const last = await file.slice("@embedding", "-1, 0:8:2");
      const data = model().embedding.data as Float32Array;
      equal(last.data, Float32Array.of(...[0, 2, 4, 6].map((k) => data[511 * 96 + k]!)), "columns");
      await rejects(() => file.slice("@embedding", [600]), "InvalidSlice");
    });

    it("gives tensors in file order, and a tensor's bytes as a stream", async () => {
      const file = await openSafetensors((await collect(await serialize(model()))) as Uint8Array);
      const names: string[] = [];
      for await (const [name] of file.tensors()) names.push(name);
      equal(names, [...file.names], "order");
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.stream("@embedding", { chunkBytes: 4096 })) chunks.push(chunk);
      equal(chunks.length, 48, "chunks");
      equal(concat(chunks), new Uint8Array(model().embedding.bytes), "bytes");
    });

    it("selects by prefix and by predicate, casts while it loads, reads into given memory", async () => {
      const bytes = (await collect(await serialize(model()))) as Uint8Array;
      const some = await loadFile(bytes, { select: "@layers#1", cast: { BF16: "F32" } });
      equal(Object.keys(some).sort(), ["@layers#1@b", "@layers#1@w"], "by prefix");
      equal(some["@layers#1@b"]!.dtype, "F32", "cast");
      equal(some["@layers#1@b"]!.data, model().layers[1]!.b.cast("F32").data, "cast values");
      const biases = await loadFile(bytes, { select: (name) => name.endsWith("@b") });
      equal(Object.keys(biases).length, 12, "by predicate");
      const into = new Float32Array(1024);
      const file = await openSafetensors(new CountingSource(bytes));
      const tensor = await file.tensor("@layers#2@w", { into });
      ok(tensor.data.buffer === into.buffer, "the given memory");
      equal(into, model().layers[2]!.w.data, "filled");
    });

    it("gives lazy trees, which load, slice and save themselves", async () => {
      const source = new CountingSource((await collect(await serialize(model()))) as Uint8Array);
      const tree = await loadPytree<{ embedding: LazyTensor; layers: { w: LazyTensor }[] }>(source, {
        lazy: true,
      });
      const { bytesRead } = source;
      ok(bytesRead <= 65_536, "the header alone");
      ok(tree.layers[5]!.w instanceof LazyTensor, "lazy leaf");
      equal(tree.layers[5]!.w.shape, [32, 32], "shape");
      equal(source.bytesRead, bytesRead, "nothing more is read");
      ok((await tree.layers[5]!.w.load()).equals(model().layers[5]!.w), "loaded");
      equal((await tree.embedding.slice([0])).shape, [96], "sliced");
      equal(await roundTrip(tree), model(), "saved anew");
    });
  });

  describe("sources and sinks of the web", () => {
    it("reads a Blob by slices", async () => {
      const blob = await (await serialize(model())).blob();
      ok(blob instanceof Blob, "a Blob");
      equal(await loadPytree(blob), model(), "tree");
      const file = await openSafetensors(blob);
      ok((await file.tensor("@layers#0@w")).equals(model().layers[0]!.w), "tensor");
    });

    it("reads a File and anything like a Blob", async () => {
      const bytes = (await collect(await serialize(model()))) as Uint8Array<ArrayBuffer>;
      if (typeof File !== "undefined") {
        equal(await loadPytree(new File([bytes], "model.safetensors")), model(), "File");
      }
      const lazy = {
        size: bytes.byteLength,
        slice: (start: number, end: number) => ({ arrayBuffer: async () => bytes.slice(start, end).buffer }),
      };
      equal(await loadPytree(lazy), model(), "lazy blob");
    });

    it("reads a Response whole", async () => {
      const stream = (await serialize(model())).stream();
      equal(await loadPytree(new Response(stream)), model(), "tree");
      await rejects(() => loadPytree(new Response("gone", { status: 404 })), "HttpError");
    });

    it("reads blob: and data: URLs", async () => {
      const url = URL.createObjectURL(await (await serialize(model())).blob());
      equal(await loadPytree(url), model(), "blob:");
      URL.revokeObjectURL(url);
      const base64 = btoa(String.fromCharCode(...save({ "@x": new Uint8Array([1, 2]) })));
      const tree = await loadPytree<{ x: Tensor }>(`data:application/octet-stream;base64,${base64}`);
      equal(tree.x.data, new Uint8Array([1, 2]), "data:");
    });

    it("reads ArrayBuffers, odd views and shared memory", async () => {
      const bytes = (await collect(await serialize(model()))) as Uint8Array<ArrayBuffer>;
      equal(await loadPytree(bytes.buffer), model(), "ArrayBuffer");
      const odd = new Uint8Array(bytes.length + 3);
      odd.set(bytes, 3);
      equal(await loadPytree(odd.subarray(3)), model(), "odd view");
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      equal(await loadPytree(shared), model(), "shared view");
      equal(await loadPytree(shared.buffer), model(), "shared");
      equal(await loadPytree(new DataView(bytes.buffer)), model(), "DataView");
    });

    it("writes to a WritableStream", async () => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const saving = savePytree(model(), writable);
      const tree = await loadPytree(new Response(readable));
      await saving;
      equal(tree, model(), "tree");
    });

    it("tells the length of what it serializes, and streams it", async () => {
      const serialized = await serialize(model());
      const bytes = await collect(serialized);
      equal(bytes.byteLength, serialized.byteLength, "length");
      equal(bytes, pytreeBytes(model()), "bytes");
    });
  });

  describe("long calls", () => {
    it("report progress that never falls and ends at the total", async () => {
      const reports: number[] = [];
      let end = 0;
      await savePytree(model(), new MemorySink(), {
        onProgress: ({ loaded, total }) => {
          reports.push(loaded);
          end = total;
        },
      });
      ok(reports.length > 1, "more than one report");
      ok(
        reports.every((loaded, i) => i === 0 || loaded >= reports[i - 1]!),
        "monotonic",
      );
      equal(reports.at(-1), end, "the last");
    });

    it("reject with the signal's reason, and abort the sink", async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const sink = new MemorySink();
      const write = sink.write.bind(sink);
      sink.write = (chunk) => {
        write(chunk);
        controller.abort(reason);
      };
      const error = await rejects(() => savePytree(model(), sink, { signal: controller.signal }), "Error");
      ok(error === reason, "the very reason");
      ok(sink.aborted === reason && !sink.closed, "aborted, not closed");
      const bytes = pytreeBytes(model());
      await rejects(() => loadPytree(bytes, { signal: AbortSignal.abort() }), "AbortError");
    });
  });

  describe("tensors", () => {
    it("convert between float formats", () => {
      const values = [1, -2.5, 0.1, 3.4e38, Number.NaN, Number.POSITIVE_INFINITY];
      const tensor = Tensor.from(values);
      equal(tensor.cast("BF16").data, Uint16Array.of(0x3f80, 0xc020, 0x3dcd, 0x7f80, 0x7fc0, 0x7f80), "BF16");
      equal(Tensor.from([1, 0.1]).cast("F16").data, Uint16Array.of(0x3c00, 0x2e66), "F16");
      if (typeof Float16Array !== "undefined") {
        equal(tensor.toFloat16Array()[1], -2.5, "Float16Array");
      }
    });
  });
}

function pytreeBytes(tree: unknown): Uint8Array {
  return save(pytree2dict(tree) as Record<string, Tensor>);
}

async function collect({ stream }: { stream(): ReadableStream<Uint8Array> }): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream()).arrayBuffer());
}
