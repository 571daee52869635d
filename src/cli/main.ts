#!/usr/bin/env node
/** The executable: runs the command line in this process. */
import * as module from "node:module";

// Node 22 keeps compiled code from one run to the next.
(module as { readonly enableCompileCache?: () => unknown }).enableCompileCache?.();
const [{ run }, { processTerminal }] = await Promise.all([
  import("./program.ts"),
  import("./terminal/process.ts"),
]);
process.exitCode = await run(process.argv.slice(2), processTerminal());
