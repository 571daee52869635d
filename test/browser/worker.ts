// The worker's program: a module, as the page's is.
import { loadPytree } from "pytree2safetensors";
import { describe, equal, it, runAll } from "../runtimes/harness.ts";
import { httpTests } from "../runtimes/http.ts";
import { memoryTests } from "../runtimes/memory.ts";
import { model } from "../runtimes/support.ts";
import type { PageConfig } from "./config.ts";
import { controlAt } from "./control.ts";
import { accessHandleTests, opfsTests } from "./opfs.ts";
import { s3PageTests } from "./s3.ts";
import { fillStorage, limitStorage, trainingTests } from "./training.ts";

addEventListener("message", async ({ data: config }: MessageEvent<PageConfig>) => {
  memoryTests();
  httpTests(config.node);
  opfsTests();
  accessHandleTests();
  trainingTests(config.driven ? limitStorage(controlAt(config.control)) : fillStorage);
  if (config.s3 !== undefined) s3PageTests(config.s3, "worker");
  describe("reading in a worker", () => {
    it("takes URLs relative to the worker's own", async () => {
      equal(await loadPytree("../data/model.safetensors"), model(), "path");
    });
  });
  postMessage(await runAll());
});
