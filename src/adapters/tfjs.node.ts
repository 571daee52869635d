// The TensorFlow.js entry for Node, Deno and Bun: the same functions, with paths and file handles.
import "../index.node.ts";
import "../training/index.node.ts";

export * from "./tfjs.ts";
