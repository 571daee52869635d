// The S3 store in Node against servers that this installs and starts: `npm run test:s3 [-- versitygw|moto]`.
import { runAll } from "../test/runtimes/harness.ts";
import { bucketTests } from "../test/s3/bucket-tests.ts";
import { commandTests } from "../test/s3/command-tests.ts";
import { faultTests } from "../test/s3/fault-tests.ts";
import { s3Tests } from "../test/s3/s3-tests.ts";
import { type S3Server, startMoto, startVersitygw } from "../test/s3/servers.ts";
import { trainingTests } from "../test/s3/training-tests.ts";
import { report } from "./runtimes/report.ts";

const START = { versitygw: () => startVersitygw(), moto: () => startMoto() };

const wanted = process.argv.slice(2);
const servers: S3Server[] = [];
try {
  for (const [name, start] of Object.entries(START)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const server = await start();
    if (server === undefined) continue;
    servers.push(server);
    s3Tests(server);
    commandTests(server);
    if (name === "moto") continue;
    // moto gives every upload the same date, in 2010, so nothing tells a lost one.
    faultTests(server);
    trainingTests(server);
    bucketTests(server);
  }
  report(await runAll());
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}
