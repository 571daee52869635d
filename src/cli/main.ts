#!/usr/bin/env node
/** The executable: runs the command line in this process. */
import { run } from "./program.ts";
import { processTerminal } from "./terminal/process.ts";

process.exitCode = await run(process.argv.slice(2), processTerminal());
