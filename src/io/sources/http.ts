/** A file on a server: one request brings its size and its first bytes, each read only what is missing. */
import { allocate, shortRead } from "../faults.ts";
import { Limiter } from "../limiter.ts";
import type { OpenSourceOptions } from "../options.ts";
import { httpFolder } from "../stores/http.ts";
import type { ByteSource, Folder, ReadOptions } from "../types.ts";
import { folderOf } from "../urls.ts";
import { tooLong } from "./body.ts";
import { bytesSource } from "./bytes.ts";
import { checkPart, contentRange, validatorOf, versionOf, wrongRange } from "./http-answer.ts";
import { rangesOf } from "./http-client.ts";
import type { Opened } from "./kind.ts";
import { refusal } from "./refusal.ts";
import { displayUrl, readChunks, readWhole } from "./response.ts";
import { withRetries } from "./retry.ts";

// What comes with the size: most headers are shorter, and no tensor costs more than this on top.
const HEAD_BYTES = 65_536;

// As many as browsers allow a host.
const MAX_REQUESTS = 6;

/** What bounds the requests of one opened URL and of what lies beside it. */
export function httpLimiter(): Limiter {
  return new Limiter(MAX_REQUESTS, 256 * 2 ** 20);
}

/** Opens a file on a server, or what a URL that ends in "/" stands for: a folder. */
export async function openHttp(url: URL, options: OpenSourceOptions): Promise<Opened | Folder> {
  const limiter = httpLimiter();
  if (/\/(#.*)?$/s.test(url.href)) return httpFolder(url, options, limiter);
  const source = await httpSource(url, options, limiter);
  return { source, owned: true, folder: httpFolder(folderOf(url), options, limiter) };
}

export async function httpSource(
  url: URL,
  options: OpenSourceOptions,
  limiter: Limiter,
): Promise<ByteSource> {
  const name = options.name ?? displayUrl(url.href);
  const { retries, signal } = options;
  const request = rangesOf(url, name, options);
  const body = { bound: options.bound, onDownload: rising(options.onDownload) };

  const opened = await withRetries({ retries, signal }, () =>
    request(0, HEAD_BYTES, null, signal, async (response, onChunk) => {
      if (response.status === 206) {
        const { start, end, size } = contentRange(response, name);
        const wanted = Math.min(HEAD_BYTES, size ?? HEAD_BYTES);
        if (size === undefined || start !== 0 || end !== wanted) throw wrongRange(response, name, 0, wanted);
        const bytes = new Uint8Array(wanted);
        await readInto(response, name, bytes, 0, 0, onChunk);
        return { bytes, version: versionOf(response, size) };
      }
      // The answer to any range of nothing.
      const isEmpty = /^(bytes \*\/0)?$/.test(response.headers.get("content-range") ?? "");
      if (response.status === 416 && isEmpty) return { bytes: new Uint8Array(0) };
      if (response.status !== 200) throw await refusal(response, name);
      return { bytes: await readWhole(response, name, body, onChunk) };
    }),
  );
  const { bytes: head, version } = opened;
  if (version === undefined) return bytesSource(head, name);
  const { size } = version;
  // A date is no safe condition: a file can change twice in its second.
  const condition = version.etag?.startsWith('"') ? version.etag : null;

  const read = async (start: number, end: number, { signal, into, onBytes }: ReadOptions = {}) => {
    // A copy, so that no one changes what later reads get.
    if (end <= head.byteLength && into === undefined) return head.slice(start, end);
    return limiter.run(end - start, signal, async () => {
      const bytes = into ?? allocate(end - start, name);
      const known = head.subarray(start, end);
      bytes.set(known);
      let done = known.byteLength;
      if (done === bytes.byteLength) return bytes;
      await withRetries({ retries, signal, progress: () => done }, () =>
        request(start + done, end, condition, signal, async (response, onChunk) => {
          await checkPart(response, name, start + done, end, version);
          await readInto(response, name, bytes, done, start, (length) => {
            onChunk();
            done += length;
            onBytes?.(length);
          });
        }),
      );
      return bytes;
    });
  };
  return { size, name, version: validatorOf(version), parallel: MAX_REQUESTS, read };
}

/** Reads a body into `bytes` from `offset` to its end; `start` is where in the file `bytes` begins. */
async function readInto(
  response: Response,
  name: string,
  bytes: Uint8Array,
  offset: number,
  start: number,
  onChunk: (length: number) => void,
): Promise<void> {
  let at = offset;
  await readChunks(response, (chunk) => {
    if (at + chunk.byteLength > bytes.byteLength)
      throw tooLong(name, bytes.byteLength - offset, response.status);
    onChunk(chunk.byteLength);
    bytes.set(chunk, at);
    at += chunk.byteLength;
  });
  if (at < bytes.byteLength) throw shortRead(name, start, start + bytes.byteLength, at);
}

/** The reports of a body that may be read anew: those that go beyond what was reported before. */
function rising(report: OpenSourceOptions["onDownload"]): OpenSourceOptions["onDownload"] {
  let most = 0;
  return (progress) => {
    if (progress.loaded > most) report?.(progress);
    most = Math.max(most, progress.loaded);
  };
}
