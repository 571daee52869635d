/** The library alone in a page, for the page's times to be held against: opens a file, or reads its one tensor. */
import { openSafetensors } from "pytree2safetensors";

const page = globalThis as { job?: "open" | "read"; milliseconds?: number };
const input = document.querySelector("input")!;

input.addEventListener("change", async () => {
  const [chosen] = input.files!;
  if (page.job === "open") {
    const started = performance.now();
    await openSafetensors(chosen!);
    page.milliseconds = performance.now() - started;
    return;
  }
  const file = await openSafetensors(chosen!);
  const started = performance.now();
  for await (const _ of file.stream(file.names[0]!, { chunkBytes: 2 ** 22 })) {
    // Only read.
  }
  page.milliseconds = performance.now() - started;
});
