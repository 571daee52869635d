/** `-`: standard input as a file to read, standard output as a file to write. */
import { fstatSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteSink, SourceInput } from "../../index.node.ts";
import { UsageError } from "../args/exit.ts";
import type { Terminal } from "../terminal/terminal.ts";

const INPUT = /^(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/;
const OUTPUT = /^(-|\/dev\/stdout|\/dev\/fd\/1|\/proc\/self\/fd\/1)$/;

/** Whether a place is standard input. */
export function isStandardInput(place: string): boolean {
  return INPUT.test(place);
}

/** Whether a place is standard output. */
export function isStandardOutput(place: string): boolean {
  return OUTPUT.test(place);
}

const taken = new WeakSet<object>();

/**
 * What standard input gives, to be read at any place: where it is a pipe, a temporary file that is there until the
 * command ends.
 */
export async function standardInput({ stdin, ends, signal }: Terminal): Promise<SourceInput> {
  if (stdin.isTTY) throw new UsageError("standard input is a terminal: name a file, or send one to it");
  if (taken.has(stdin)) throw new UsageError("standard input can be read once: - is given twice");
  taken.add(stdin);
  if (stdin === process.stdin && process.platform !== "win32" && fstatSync(0).isFile()) return "/dev/stdin";
  const folder = await mkdtemp(join(tmpdir(), "p2s-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  ends.push(remove);
  const handle = await open(join(folder, "stdin"), "wx+", 0o600);
  ends.push(() => handle.close());
  // An open file needs no name, and one without a name is gone however the process ends. Windows has no such files.
  if (process.platform !== "win32") await remove();
  for await (const chunk of stdin) {
    signal.throwIfAborted();
    await handle.writeFile(chunk);
  }
  return handle;
}

/** Standard output as a sink. */
export function standardOutput({ stdout }: Terminal): ByteSink {
  if (stdout.isTTY) throw new UsageError("standard output is a terminal: send it to a file or a program");
  const write = (chunk: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  return { write, close() {} };
}
