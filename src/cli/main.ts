#!/usr/bin/env node
import { run } from "./program.ts";
import { openTerminal } from "./terminal/terminal.ts";

// `p2s … | head` closes the pipe when it has seen enough: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2), openTerminal());
