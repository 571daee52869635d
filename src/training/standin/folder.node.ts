// STAND-IN until src/io/stores is on main: a folder as a store.
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathSink } from "../../io/sinks/path.node.ts";
import { pathSource, toPath } from "../../io/sources/path.node.ts";
import { type Store, setFolderStore } from "./store.ts";

setFolderStore((place): Store => {
  const path = toPath(place);
  return {
    name: path,
    path,
    source: (key, options) => pathSource(join(path, key), options?.signal),
    async sink(key, options = {}) {
      await mkdir(dirname(join(path, key)), { recursive: true });
      return pathSink(join(path, key), options);
    },
    async *list(prefix = "") {
      let entries: { name: string; parentPath: string; isFile(): boolean }[];
      try {
        entries = (await readdir(path, { recursive: true, withFileTypes: true })) as never;
      } catch {
        return;
      }
      for (const entry of entries) {
        const file = join(entry.parentPath, entry.name);
        const key = relative(path, file);
        if (!entry.isFile() || !key.startsWith(prefix) || entry.name.endsWith(".tmp")) continue;
        const { size, mtimeMs } = await stat(file).catch(() => ({ size: -1, mtimeMs: 0 }));
        if (size >= 0) yield { key, size, modified: mtimeMs };
      }
    },
    async remove(key) {
      await rm(join(path, key), { force: true });
      if (dirname(key) !== ".") await rmdir(join(path, dirname(key))).catch(() => {});
    },
    async clearLitter(isTarget) {
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true }).catch(() => [])) {
        const file = join(entry.parentPath, entry.name);
        const key = relative(path, file);
        if (entry.isDirectory()) {
          if (isTarget(`${key}/model.safetensors.index.json`)) await rmdir(file).catch(() => {});
          continue;
        }
        const match = /^(.*?)\.([^/]+)\.\d+-[0-9a-f]{12}\.tmp$/.exec(key);
        if (match && isTarget(match[1]! + match[2]!)) await rm(file, { force: true });
      }
    },
  };
});
