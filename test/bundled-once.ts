// A bundled program for the tests of one file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { bundleProgram } from "./programs.ts";

/** {@link bundleProgram} when it is first asked for, in a folder that is gone after the tests of the file. */
export function bundledOnce(entry: URL): () => Promise<string> {
  let bundled: Promise<string> | undefined;
  let folder: string | undefined;
  afterAll(() => folder && rmSync(folder, { recursive: true, force: true }));
  return () => {
    folder ??= mkdtempSync(join(tmpdir(), "pytree2safetensors-program-"));
    bundled ??= bundleProgram(entry, folder);
    return bundled;
  };
}
