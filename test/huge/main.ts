// One part of the suite in a process of its own, so that each begins with little memory: `main.js PART FOLDER`.
import { startNginx } from "../http/nginx.ts";
import { runAll } from "../runtimes/harness.ts";
import { realTests } from "./real-tests.ts";
import { sparseTests } from "./sparse-tests.ts";
import { byteTensorTests, tensorTests } from "./tensor-tests.ts";

const [part, folder = ""] = process.argv.slice(2);
// Many times what one test takes on a busy machine with a slow disk.
const TIMEOUT_MS = 240_000;

if (part === "sparse") {
  const nginx = await startNginx();
  try {
    sparseTests(nginx);
    await finish();
  } finally {
    await nginx.stop();
  }
} else {
  if (part === "tensors") tensorTests(folder);
  else if (part === "bytes") byteTensorTests(folder);
  else if (part === "real") realTests(folder);
  else throw new Error(`no part ${part}`);
  await finish();
}

async function finish(): Promise<void> {
  const results = await runAll(TIMEOUT_MS);
  process.send?.(results);
}
