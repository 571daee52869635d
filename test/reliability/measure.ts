/*
 * Loads each tree bomb in two sizes and prints, a line each as JSON, what became of it and what it allocated. Run by
 * memory.test.ts with a young generation so large that nothing is collected while a file is loaded: what the heap
 * has grown by is all that was allocated, whether kept or not.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { isPytree2SafetensorsError, loadPytree } from "../../src/index.node.ts";
import { BOMBS } from "./bombs.ts";

/** What one load took. */
export interface Measurement {
  readonly name: string;
  readonly code: string | null;
  readonly fileBytes: number;
  readonly allocated: number;
}

const collect = globalThis.gc!;
const used = () => {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
};

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

async function measure(file: Uint8Array): Promise<{ code: string | null; allocated: number }> {
  collect();
  await turn();
  const [before, collectionsBefore] = [used(), collections];
  let code: string | null = null;
  try {
    await loadPytree(file, {
      onWarning(error) {
        // Names that look like another style's: the tree is built all the same.
        if (codeOf(error) !== "InvalidKeyString") code = codeOf(error);
      },
    });
  } catch (error) {
    code = codeOf(error);
  }
  const allocated = used() - before;
  await turn();
  if (collections > collectionsBefore)
    throw new Error("something was collected: the measure is worth nothing");
  return { code, allocated };
}

function codeOf(error: unknown): string {
  if (!isPytree2SafetensorsError(error)) throw error;
  return error.code;
}

const [size = 50_000, factor = 4] = process.argv.slice(2).map(Number);
for (const bomb of BOMBS) {
  // The first load compiles what it runs.
  await measure(bomb.file(2_000));
  for (const bytes of [size, size * factor]) {
    const file = bomb.file(bytes);
    const { code, allocated } = await measure(file);
    console.log(
      JSON.stringify({ name: bomb.name, code, fileBytes: file.byteLength, allocated } satisfies Measurement),
    );
  }
}
