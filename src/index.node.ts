// What Node, Deno and Bun get: the same names, and paths, `file:` URLs and file handles as sources and sinks.
import "./io/platform.node.ts";

export * from "./index.ts";
