// Collects the files of what was dropped, pasted or chosen, folders and the page's own storage included.
import type { Input, NamedFile } from "./input.ts";

// A folder with more is no folder of checkpoints; whoever drops a whole disk gets an answer.
const MOST_FILES = 10_000;

/** The files that an `<input type="file">` has. */
export function filesOf(list: FileList | readonly File[]): readonly NamedFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** What a drop or a paste brings: files and folders, else an address as text. */
export async function collectTransfer(transfer: DataTransfer): Promise<Input | undefined> {
  // The list is empty after the first wait, so the entries are taken at once.
  const entries = [...transfer.items].flatMap((item) => {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    return entry ? [entry] : [];
  });
  const loose = entries.length === 0 ? filesOf(transfer.files) : [];
  const text = transfer.getData("text/uri-list") || transfer.getData("text/plain");
  if (entries.length > 0) {
    const files: NamedFile[] = [];
    for (const entry of entries) await walk(entry, files);
    return { kind: "files", files };
  }
  return loose.length > 0 ? { kind: "files", files: loose } : parseAddresses(text);
}

/** Addresses in a text, one a line. */
export function parseAddresses(text: string): Input | undefined {
  const addresses = text
    .split(/\s+/)
    .filter((word) => /^(https?|hf|blob):/i.test(word))
    .slice(0, MOST_FILES);
  return addresses.length > 0 ? { kind: "addresses", addresses } : undefined;
}

async function walk(entry: FileSystemEntry, files: NamedFile[]): Promise<void> {
  if (files.length >= MOST_FILES) return;
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    files.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder comes in pieces of at most a hundred entries.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const child of some) await walk(child, files);
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** The checkpoints in the page's own storage (OPFS): what a program on this site has saved. */
export async function storedFiles(): Promise<readonly NamedFile[]> {
  if (!("storage" in navigator) || !navigator.storage.getDirectory) return [];
  const files: NamedFile[] = [];
  const visit = async (folder: FileSystemDirectoryHandle, path: string): Promise<void> => {
    for await (const [name, handle] of folder.entries()) {
      if (files.length >= MOST_FILES) return;
      if (handle.kind === "directory") await visit(handle as FileSystemDirectoryHandle, `${path}${name}/`);
      else if (/\.(safetensors|index\.json)$/.test(name)) {
        files.push({ path: path + name, file: await (handle as FileSystemFileHandle).getFile() });
      }
    }
  };
  try {
    await visit(await navigator.storage.getDirectory(), "");
  } catch {
    return []; // private windows have no such storage
  }
  return files;
}
