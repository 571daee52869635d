// What Node, Deno and Bun get: the same names, and paths, `file:` URLs and file handles as sources and sinks; conversions are faster.
import "./io/platform.node.ts";
import "./tensor/simd.node.ts";

export * from "./index.ts";
