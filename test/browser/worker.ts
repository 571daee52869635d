// The worker's program: a module, as the page's is.
import { runAll } from "../runtimes/harness.ts";
import { httpTests } from "../runtimes/http.ts";
import { memoryTests } from "../runtimes/memory.ts";
import type { PageConfig } from "./config.ts";
import { accessHandleTests, opfsTests } from "./opfs.ts";

addEventListener("message", async ({ data: config }: MessageEvent<PageConfig>) => {
  memoryTests();
  httpTests(config.node);
  opfsTests();
  accessHandleTests();
  postMessage(await runAll());
});
