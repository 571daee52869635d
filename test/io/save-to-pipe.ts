// Saves to a pipe that nobody reads, several times at once, aborts, and saves elsewhere. Run by pipe-sink.test.ts.
import { openSink } from "../../src/io/open-sink.ts";
import "../../src/io/platform.node.ts";

const [path, count] = process.argv.slice(2);
const controller = new AbortController();
const savings = Array.from({ length: Number(count) }, async () => {
  try {
    await openSink(path!, { signal: controller.signal });
    console.log("opened");
  } catch (error) {
    console.log(`aborted: ${error}`);
  }
});
setTimeout(() => controller.abort("nobody came"), 50);
await Promise.all(savings);
const { sink } = await openSink(`${path}.other`);
await sink.write(new Uint8Array(100));
await sink.close();
console.log("another file: saved");
