import { existsSync } from "node:fs";
import { isPytree2SafetensorsError } from "../../src/base/errors.ts";
import { parseHeader } from "../../src/format/header/header.ts";
import { statusBytes } from "../huge/measure.ts";
import { BOMBS, build } from "./bombs.ts";

/*
 * Reads one bomb in a process of its own, and prints what came of it and how much memory it took at most beyond
 * the header itself. A process's peak never falls, so each bomb needs a new one.
 */
const bomb = BOMBS[Number(process.argv[2])]!;
const size = Number(process.argv[3]);

// The code is loaded and has run once before anything is measured.
attempt(build(bomb, 4096), bomb.dataBytes?.(4096));
const header = build(bomb, size);
const before = process.memoryUsage.rss();
const code = attempt(header, bomb.dataBytes?.(size));
process.send!({ code, headerBytes: header.length, extraBytes: Math.max(0, peakBytes() - before) });

// On Linux, `maxRSS` begins with what the parent had when it started the process.
function peakBytes(): number {
  return existsSync("/proc/self/status") ? statusBytes("VmHWM") : process.resourceUsage().maxRSS * 1024;
}

function attempt(bytes: Uint8Array, dataBytes = 0): string | null {
  try {
    parseHeader(bytes, 8 + bytes.length + dataBytes, undefined);
    return null;
  } catch (error) {
    if (isPytree2SafetensorsError(error)) return error.code;
    throw error;
  }
}
