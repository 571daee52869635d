// What each runtime runs: `main.js URL`, the URL of the file server.
import { runAll } from "./harness.ts";
import { httpTests, streamUploadTest } from "./http.ts";
import { memoryTests } from "./memory.ts";
import { pathTests } from "./paths.ts";
import { printingTests } from "./printing.ts";
import { trainingTests } from "./training.ts";

const base = process.argv[2]!;
memoryTests();
pathTests();
printingTests();
trainingTests();
httpTests(base);
streamUploadTest(base);

const results = await runAll();
for (const { name, error } of results)
  if (error !== undefined) console.log(`FAILED ${name}\n  ${error.replaceAll("\n", "\n  ")}`);
const failed = results.filter(({ error }) => error !== undefined).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
// No exit: a handle or a timer that was left open keeps the process alive, and the runner tells of it.
process.exitCode = failed === 0 ? 0 : 1;
