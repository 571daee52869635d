// Runs the bundled worker in workerd, the runtime of Cloudflare Workers.
import { Miniflare } from "miniflare";

const worker = new Miniflare({ modules: true, scriptPath: process.argv[2], compatibilityDate: "2026-01-01" });
try {
  const response = await worker.dispatchFetch("http://localhost/");
  console.log(await response.text());
} finally {
  await worker.dispose();
}
