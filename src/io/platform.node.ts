/** Teaches the openers paths and file handles, when it is imported. */
import { resolve } from "node:path";
import { setPlatform } from "./platform.ts";
import { handleSink } from "./sinks/handle.node.ts";
import { pathSink } from "./sinks/path.node.ts";
import { handleSource, openPath, toPath } from "./sources/path.node.ts";
import { openFolder } from "./stores/folder.node.ts";
import { readHubOptions } from "./stores/hub/environment.node.ts";

// Deno and Bun run this too. They may send a stream in chunks, which S3 refuses.
const isNode = !("Deno" in globalThis || "Bun" in globalThis);

setPlatform({
  streamsBodies: isNode,
  openPath,
  openHandle: handleSource,
  createPath: (target, options) => pathSink(resolve(toPath(target)), toPath(target), options),
  createHandle: handleSink,
  readHubOptions: () => readHubOptions(),
  openFolder: (target) => openFolder(resolve(toPath(target)), toPath(target)),
});
