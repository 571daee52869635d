// The program that the browser's benchmark runs in Chromium: jobs by name, each giving the seconds that it took.
import { loadFile, openSafetensors, saveFile, type Tensor } from "pytree2safetensors";

const PIECE = 16 * 2 ** 20;
const BLOCK = 2 ** 20;

/** What a job is given: the file that was chosen, its address, and the same bytes in the browser's own storage. */
interface Given {
  readonly file: File;
  readonly url: string;
  readonly stored: FileSystemFileHandle;
}

type Job = (given: Given) => Promise<unknown>;

const JOBS: Readonly<Record<string, Job>> = {
  "blob load": ({ file }) => loadFile(file),
  "blob arrayBuffer": ({ file }) => file.arrayBuffer(),
  "blob pieces": ({ file }) => pieces(file),
  "blob bare loop": async ({ file }) => bareTensors(await file.arrayBuffer()),
  "blob one": async ({ file }) => lastTensor(file),
  "blob one bare": async ({ file }) => file.slice(file.size - (await lastBytes(file))).arrayBuffer(),
  "blob one loop": async ({ file }) => bareLast(file),
  "http load": ({ url }) => loadFile(url),
  "http arrayBuffer": async ({ url }) => (await fetch(url)).arrayBuffer(),
  "http ranges": async ({ url, file }) => ranges(url, file.size),
  "opfs load": ({ stored }) => loadFile(stored),
  "opfs arrayBuffer": async ({ stored }) => (await stored.getFile()).arrayBuffer(),
  "opfs pieces": async ({ stored }) => pieces(await stored.getFile()),
  "opfs save": async ({ file }) => saveFile(await inMemory(file), await target()),
  "opfs write": async ({ file }) => {
    const writable = await (await target()).createWritable();
    await writable.write(await bytesOf(file));
    await writable.close();
  },
  "opfs blocks": async ({ file }) => {
    const writable = await (await target()).createWritable();
    const bytes = await bytesOf(file);
    for (let at = 0; at < bytes.byteLength; at += BLOCK)
      await writable.write(new Uint8Array(bytes, at, Math.min(BLOCK, bytes.byteLength - at)));
    await writable.close();
  },
};

const input = document.querySelector("input")!;
const given: { current?: Given } = {};

/** Puts the chosen file into the browser's storage too. */
async function prepare(url: string): Promise<void> {
  const file = input.files![0]!;
  const root = await navigator.storage.getDirectory();
  const stored = await root.getFileHandle("stored.safetensors", { create: true });
  const writable = await stored.createWritable();
  await file.stream().pipeTo(writable);
  given.current = { file, url, stored };
}

async function seconds(name: string): Promise<number> {
  // What a save is given is there before.
  if (name.startsWith("opfs"))
    await Promise.all([inMemory(given.current!.file), bytesOf(given.current!.file)]);
  // The gigabytes that earlier jobs left are not this one's to clear away. Where there is little to clear, a collection
  // would only throw compiled code away.
  for (let i = 0; i < 2 && given.current!.file.size > PIECE; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    globalThis.gc?.();
  }
  const start = performance.now();
  await JOBS[name]!(given.current!);
  return (performance.now() - start) / 1000;
}

Object.assign(globalThis, { bench: { prepare, seconds } });

async function target(): Promise<FileSystemFileHandle> {
  return (await navigator.storage.getDirectory()).getFileHandle("saved.safetensors", { create: true });
}

let kept: { file: File; bytes: ArrayBuffer; dict: Record<string, Tensor> } | undefined;

async function keep(file: File) {
  if (kept?.file !== file) kept = { file, bytes: await file.arrayBuffer(), dict: await loadFile(file) };
  return kept;
}

async function inMemory(file: File): Promise<Record<string, Tensor>> {
  return (await keep(file)).dict;
}

async function bytesOf(file: File): Promise<ArrayBuffer> {
  return (await keep(file)).bytes;
}

/** The shortest loop that reads in pieces, `atOnce` at a time. */
async function inPieces(
  size: number,
  atOnce: number,
  read: (start: number, end: number) => Promise<ArrayBuffer>,
): Promise<ArrayBuffer[]> {
  const list: ArrayBuffer[] = [];
  let at = 0;
  const work = async () => {
    while (at < size) {
      const start = at;
      at += PIECE;
      list.push(await read(start, Math.min(start + PIECE, size)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return list;
}

function pieces(file: File): Promise<ArrayBuffer[]> {
  return inPieces(file.size, 4, (start, end) => file.slice(start, end).arrayBuffer());
}

function ranges(url: string, size: number): Promise<ArrayBuffer[]> {
  return inPieces(size, 6, async (start, end) =>
    (await fetch(url, { headers: { range: `bytes=${start}-${end - 1}` } })).arrayBuffer(),
  );
}

/** The shortest way to the last tensor by its name: the length of the header, the header, the tensor's bytes. */
async function bareLast(file: File): Promise<Float32Array> {
  const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  const header = JSON.parse(await file.slice(8, 8 + length).text());
  const [start, end] = header[Object.keys(header).at(-1)!].data_offsets;
  return new Float32Array(await file.slice(8 + length + start, 8 + length + end).arrayBuffer());
}

/** The shortest loop that makes a typed array of each tensor, and checks nothing. */
function bareTensors(buffer: ArrayBuffer): Record<string, Float32Array> {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const dict: Record<string, Float32Array> = {};
  for (const name in header) {
    const [start, end] = header[name].data_offsets;
    dict[name] = new Float32Array(buffer, 8 + length + start, (end - start) / 4);
  }
  return dict;
}

async function lastTensor(file: File): Promise<Tensor> {
  const open = await openSafetensors(file);
  return open.tensor(open.names.at(-1)!);
}

const lengths = new WeakMap<File, number>();

async function lastBytes(file: File): Promise<number> {
  const known = lengths.get(file);
  if (known !== undefined) return known;
  const { byteLength } = await lastTensor(file);
  lengths.set(file, byteLength);
  return byteLength;
}
