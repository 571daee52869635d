/** What a Node, Deno or Bun program gets: the same, with the environment's variables for what is left out. */
import "./io/stores/s3/environment.node.ts";

export * from "./s3.ts";
