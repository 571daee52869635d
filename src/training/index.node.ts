// What Node, Deno and Bun get: the same names, with folders by their paths as places.
import "../io/platform.node.ts";
import "./lock-folder.node.ts";

export * from "./index.ts";
