// Starts the S3 servers of the suite, each over a folder or a memory of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import type { S3Credentials } from "pytree2safetensors/s3";
import { installMoto, installVersitygw } from "./install.ts";

/** A server that runs. */
export interface S3Server {
  readonly name: string;
  readonly url: string;
  readonly credentials: S3Credentials;
  readonly bucket: string;
  stop(): Promise<void>;
}

const BUCKET = "weights";

/**
 * versitygw over files; `undefined` if it could not be built in time.
 *
 * @param allowPages Whether pages of every origin may use the bucket, by rules as a bucket of AWS has them.
 */
export async function startVersitygw({ allowPages = false } = {}): Promise<S3Server | undefined> {
  const program = installVersitygw();
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "pytree2safetensors-s3-"));
  // Attributes of files live beside them: not every file system has extended attributes.
  const [data, attributes] = [join(folder, "data"), join(folder, "attributes")];
  mkdirSync(join(data, BUCKET), { recursive: true });
  mkdirSync(attributes);
  const port = await freePort();
  const credentials = { accessKeyId: "access-of-the-test", secretAccessKey: "secret-of-the-test" };
  const args = ["--port", `127.0.0.1:${port}`, "--keep-alive", "--quiet"];
  const child = spawn(program, [...args, "posix", "--sidecar", attributes, data], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...process.env,
      ROOT_ACCESS_KEY: credentials.accessKeyId,
      ROOT_SECRET_KEY: credentials.secretAccessKey,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  await untilReady(child, url, stop);
  const server = { name: "versitygw", url, credentials, bucket: BUCKET, stop };
  if (allowPages) await putCors(server);
  return server;
}

// What docs/recipes/bucket.md says of pages.
const CORS =
  "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedHeader>*</AllowedHeader>" +
  ["GET", "HEAD", "PUT", "POST", "DELETE"]
    .map((method) => `<AllowedMethod>${method}</AllowedMethod>`)
    .join("") +
  ["ETag", "Content-Range", "Date", "x-amz-meta-pytree2safetensors-write"]
    .map((header) => `<ExposeHeader>${header}</ExposeHeader>`)
    .join("") +
  "</CORSRule></CORSConfiguration>";

async function putCors({ url, bucket, credentials }: S3Server): Promise<void> {
  const { accessKeyId, secretAccessKey } = credentials;
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1" });
  const response = await client.fetch(`${url}/${bucket}?cors`, {
    method: "PUT",
    body: CORS,
    headers: {
      "content-type": "application/xml",
      "content-md5": createHash("md5").update(CORS).digest("base64"),
    },
  });
  if (!response.ok) throw new Error(`versitygw: ${await response.text()}`);
}

/** moto, which knows what versitygw lacks. */
export async function startMoto(): Promise<S3Server> {
  const port = await freePort();
  const child = spawn(installMoto(), ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const url = `http://127.0.0.1:${port}`;
  const stop = () => end(child);
  await untilReady(child, url, stop);
  const made = await fetch(`${url}/${BUCKET}`, {
    method: "PUT",
    headers: { authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request" },
  });
  if (!made.ok) throw new Error(`moto: ${await made.text()}`);
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return { name: "moto", url, credentials, bucket: BUCKET, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

// A suite that crashes leaves no server behind.
const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill();
});

async function untilReady(child: ChildProcess, url: string, stop: () => Promise<void>): Promise<void> {
  children.add(child);
  for (let wait = 0; wait < 600; wait++) {
    if (child.exitCode !== null) break;
    if (await fetch(url).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stop();
  throw new Error(`${url} does not answer`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  await ended;
}
