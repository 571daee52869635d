// The program that the browser's benchmark runs in Chromium: jobs by name, each giving the seconds that it took.
import { loadFile, openSafetensors, saveFile, type Tensor } from "pytree2safetensors";

const PIECE = 16 * 2 ** 20;

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
  "http load": ({ url }) => loadFile(url),
  "http arrayBuffer": async ({ url }) => (await fetch(url)).arrayBuffer(),
  "opfs load": ({ stored }) => loadFile(stored),
  "opfs arrayBuffer": async ({ stored }) => (await stored.getFile()).arrayBuffer(),
  "opfs save": async ({ file }) => saveFile(await inMemory(file), await target()),
  "opfs write": async ({ file }) => {
    const writable = await (await target()).createWritable();
    await writable.write(await bytesOf(file));
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

/** The shortest loop that reads a file in pieces, four at a time. */
async function pieces(file: File): Promise<ArrayBuffer[]> {
  const list: ArrayBuffer[] = [];
  let at = 0;
  const work = async () => {
    while (at < file.size) {
      const start = at;
      at += PIECE;
      list.push(await file.slice(start, start + PIECE).arrayBuffer());
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return list;
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
