// The library in Node against Debian's nginx: `npm run test:http`.
import { startNginx } from "../test/http/nginx.ts";
import { nginxTests } from "../test/http/nginx-tests.ts";
import { runAll } from "../test/runtimes/harness.ts";
import { report } from "./runtimes/report.ts";

const nginx = await startNginx();
try {
  nginxTests(nginx);
  report(await runAll());
} finally {
  await nginx.stop();
}
