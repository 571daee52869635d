// A copy from object to object with nothing but `fetch` and a signer: ranges read and sent as parts of the same size.
import { Buffer } from "node:buffer";
import { AwsClient } from "aws4fetch";
import type { S3Place } from "../copy-jobs.ts";

const PART_BYTES = 8 * 2 ** 20;
// As many parts as ours has under way.
const AT_ONCE = 3;

/** Copies an object of the bucket by ranges and a multipart upload, hashed like ours. */
export async function bareCopy(
  { endpoint, bucket, credentials }: S3Place,
  from: string,
  to: string,
): Promise<void> {
  const client = new AwsClient({ ...credentials, service: "s3", region: "us-east-1", retries: 0 });
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await client.fetch(`${endpoint}/${bucket}/${path}`, init);
    if (!response.ok) throw new Error(await response.text());
    return response;
  };
  const size = Number((await call(from, { method: "HEAD" })).headers.get("content-length"));
  const creating = { method: "POST", headers: { "x-amz-checksum-algorithm": "SHA256" } };
  const id = /<UploadId>([^<]+)/.exec(await (await call(`${to}?uploads=`, creating)).text())?.[1];
  const count = Math.ceil(size / PART_BYTES);
  const parts: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next++;
      const range = `bytes=${index * PART_BYTES}-${Math.min(size, (index + 1) * PART_BYTES) - 1}`;
      const body = await (await call(from, { headers: { range } })).arrayBuffer();
      const digest = Buffer.from(await crypto.subtle.digest("SHA-256", body));
      const headers = {
        "x-amz-content-sha256": digest.toString("hex"),
        "x-amz-checksum-sha256": digest.toString("base64"),
      };
      const sent = await call(`${to}?partNumber=${index + 1}&uploadId=${id}`, {
        method: "PUT",
        body,
        headers,
      });
      const sum = `<ChecksumSHA256>${headers["x-amz-checksum-sha256"]}</ChecksumSHA256>`;
      parts[index] =
        `<Part><PartNumber>${index + 1}</PartNumber><ETag>${sent.headers.get("etag")}</ETag>${sum}</Part>`;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  await call(`${to}?uploadId=${id}`, { method: "POST", body });
}
