// Folders of the origin's private file system, for one test each.

/** A new folder, gone after `use`. */
export async function inFolder(use: (folder: FileSystemDirectoryHandle) => Promise<void>): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const name = `folder-${crypto.randomUUID()}`;
  try {
    await use(await root.getDirectoryHandle(name, { create: true }));
  } finally {
    await root.removeEntry(name, { recursive: true });
  }
}

export async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names.sort();
}
