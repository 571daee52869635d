// What a person gives the page to open, and what of it belongs together.

/** Something to open: files with their paths in the folder that they came from, or addresses. */
export type Input =
  | { readonly kind: "files"; readonly files: readonly NamedFile[] }
  | { readonly kind: "addresses"; readonly addresses: readonly string[] };

/** A file and its name, with the folders in front of it where a folder was chosen. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/** A checkpoint that is to be opened as one. */
export type Checkpoint =
  | { readonly kind: "file"; readonly file: NamedFile }
  | { readonly kind: "index"; readonly index: NamedFile; readonly shards: readonly NamedFile[] }
  | { readonly kind: "shards"; readonly title: string; readonly shards: readonly NamedFile[] }
  | { readonly kind: "address"; readonly address: string };

const STEP = /(?:^|\/)step-(\d+)(?:\.safetensors$|\/)/;
const SHARD = /^(.*?)[-_.]?(\d+)-of-(\d+)(?:\.[\da-f]{8})?\.safetensors$/;

/** The step that a path belongs to, where it is one of a training run's. */
export function stepOf(path: string): number | undefined {
  const match = STEP.exec(path);
  return match ? Number(match[1]) : undefined;
}

/** Sorts files into checkpoints: what an index or names like `-00001-of-00002` join is one. */
export function groupFiles(files: readonly NamedFile[]): readonly Checkpoint[] {
  const folders = new Map<string, NamedFile[]>();
  for (const file of files) {
    const folder = file.path.slice(0, file.path.lastIndexOf("/") + 1);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  return [...folders.values()].flatMap(groupFolder);
}

function groupFolder(files: readonly NamedFile[]): readonly Checkpoint[] {
  const indexes = files.filter(({ path }) => path.endsWith(".index.json"));
  const tensors = files.filter(({ path }) => path.endsWith(".safetensors"));
  if (indexes.length === 1) return [{ kind: "index", index: indexes[0]!, shards: tensors }];
  if (indexes.length > 1) {
    // Of several indexes in one folder, each takes the shards that begin like it.
    return indexes.map((index) => {
      const stem = index.path.replace(/\.safetensors\.index\.json$|\.index\.json$/, "");
      return { kind: "index", index, shards: tensors.filter(({ path }) => path.startsWith(stem)) };
    });
  }
  const groups = new Map<string, NamedFile[]>();
  for (const file of tensors) {
    const match = SHARD.exec(file.path);
    const key = match ? `${match[1]} of ${match[3]}` : file.path;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  const checkpoints = [...groups].map(([key, shards]): Checkpoint => {
    if (shards.length === 1) return { kind: "file", file: shards[0]! };
    return { kind: "shards", title: key.replace(/ of \d+$/, ""), shards };
  });
  if (checkpoints.length > 0) return checkpoints;
  // One or two files of other names were chosen on purpose: what is in them decides.
  return files.length > 2 ? [] : files.map((file) => ({ kind: "file", file }));
}
