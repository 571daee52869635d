// The page's program: runs the suites here and in a module worker, and reports to the runner.
import { type Result, runAll } from "../runtimes/harness.ts";
import { httpTests, streamUploadTest } from "../runtimes/http.ts";
import { memoryTests } from "../runtimes/memory.ts";
import type { PageConfig } from "./config.ts";
import { controlAt } from "./control.ts";
import { opfsTests } from "./opfs.ts";
import { pageTests } from "./page-tests.ts";
import { s3PageTests } from "./s3.ts";
import { endedTrainerTests, fillStorage, limitStorage, trainingTests } from "./training.ts";

const config: PageConfig = JSON.parse(new URLSearchParams(location.search).get("config")!);
const unhandled: Result[] = [];
addEventListener("unhandledrejection", ({ reason }) => {
  unhandled.push({
    name: "no promise is left alone",
    milliseconds: 0,
    error: String(reason?.stack ?? reason),
  });
});

memoryTests();
httpTests(config.node);
if (config.http2 !== undefined) streamUploadTest(config.http2);
opfsTests();
trainingTests(config.driven ? limitStorage(controlAt(config.control)) : fillStorage);
endedTrainerTests();
pageTests(config);
if (config.s3 !== undefined) s3PageTests(config.s3, "page");

const here = await runAll();
const there = await runInWorker();
await controlAt(config.control).report([...here, ...unhandled, ...there]);

function runInWorker(): Promise<Result[]> {
  const worker = new Worker("./worker.js", { type: "module" });
  return new Promise((resolve) => {
    const failed = (error: string) => resolve([{ name: "the worker", milliseconds: 0, error }]);
    worker.addEventListener("error", (event) => failed(event.message));
    worker.addEventListener("message", (event: MessageEvent<Result[]>) =>
      resolve(event.data.map((result) => ({ ...result, name: `in a worker › ${result.name}` }))),
    );
    worker.postMessage(config);
  });
}
