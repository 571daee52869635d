import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { explain } from "./explain.node.ts";
import { setPlatform } from "./platform.ts";
import { ExactSink } from "./sinks/guard.ts";
import { handleSink, pathSink } from "./sinks/path.node.ts";
import { clearLitterIn } from "./sinks/temporary.node.ts";
import { handleSource, pathSource, toPath } from "./sources/path.node.ts";

setPlatform({
  openPath: pathSource,
  openHandle: handleSource,
  sibling: (path, name) => join(dirname(toPath(path)), name),
  createPath: pathSink,
  createHandle: handleSink,
  async createDirectory(target, options) {
    const folder = toPath(target);
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      throw explain("WriteError", "make the folder", folder, cause);
    }
    return {
      name: folder,
      async file(name) {
        const path = join(folder, name);
        return new ExactSink(await pathSink(path, options), path, options.signal);
      },
      list: () => readdir(folder),
      modified: async (name) => (await stat(join(folder, name))).mtimeMs,
      remove: (name) => rm(join(folder, name), { force: true }),
      clearLitter: (isTarget) => clearLitterIn(folder, isTarget),
    };
  },
});
