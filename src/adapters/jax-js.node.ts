// What a Node, Deno or Bun program gets: the same functions, with paths and file handles.
import "../index.node.ts";

export * from "./jax-js.ts";
