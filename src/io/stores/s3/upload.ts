/** A multipart upload: created with its first part, completed or aborted, and nothing of it left behind. */
import { abortable, onAbort, sleep } from "../../abort.ts";
import { placeError } from "../../faults.ts";
import type { S3Client } from "./client.ts";
import { failureOf, ifThere } from "./errors.ts";
import { checkNew, makeObject, type ObjectWrite, objectHeaders } from "./written.ts";
import { childText, escapeXml, parseXml, type XmlElement } from "./xml.ts";

// The servers' clocks count seconds.
const SLACK_MS = 2000;
// How long an upload that is being created when the write is aborted may take to tell its id, which aborting it needs.
const GRACE_MS = 5000;
// An upload of a part that was under way when the upload was aborted can bring it back: at once, or when the server has
// taken in what it had received of the part.
const MAX_ABORTS = 5;
const LATE_ABORTS_MS = [50, 200, 500];

export class Upload {
  readonly #client: S3Client;
  readonly #write: ObjectWrite;
  readonly #key: string;
  readonly #name: string;
  /** What completing the upload says of each part. */
  readonly #parts: string[] = [];
  #id: Promise<string> | undefined;
  /** When requests to create the upload were sent whose answers never came: what they made is to be cleared. */
  #lostSince: number | undefined;
  #createdAt = Number.POSITIVE_INFINITY;
  /** Whether a part was sent whose answer never came. */
  #isPartLost = false;

  constructor(client: S3Client, write: ObjectWrite) {
    this.#client = client;
    this.#write = write;
    this.#key = write.key;
    this.#name = client.nameOf(write.key);
  }

  async sendPart(number: number, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    this.#id ??= this.#create(delayed(signal, GRACE_MS));
    this.#id.catch(() => {}); // whoever waits for it is told
    const uploadId = await abortable(this.#id, signal);
    const onLost = () => {
      this.#isPartLost = true;
    };
    const query = { partNumber: String(number), uploadId };
    const sending = this.#client.send({ method: "PUT", key: this.#key, query, body, signal, onLost });
    // The client tells of faults that pass, after which it sends again; an abort ends it without an answer too.
    const { headers, checksum } = await sending.catch((error: unknown) => {
      onLost();
      throw error;
    });
    const etag = headers.get("etag");
    if (etag === null) {
      const advice = "a server of another origin must send Access-Control-Expose-Headers: ETag";
      throw placeError("HttpError", this.#name, `the part has no ETag that can be seen; ${advice}`);
    }
    const sum = checksum === undefined ? "" : `<ChecksumSHA256>${checksum}</ChecksumSHA256>`;
    this.#parts[number - 1] =
      `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag>${sum}</Part>`;
  }

  /** Makes the object of the parts. */
  async complete(signal: AbortSignal | undefined): Promise<void> {
    const uploadId = await this.#id!;
    await this.#clearLost();
    await makeObject(this.#client, this.#write, {
      method: "POST",
      query: { uploadId },
      headers: { "content-type": "application/xml" },
      body: new TextEncoder().encode(
        `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${this.#parts.join("")}</CompleteMultipartUpload>`,
      ),
      signal,
      // An error can come after the status 200, which is sent early to keep the connection.
      check: (answer) => {
        const root = parseXml(answer);
        if (root.name !== "Error") return;
        const status = childText(root, "Code") === "PreconditionFailed" ? 412 : 200;
        throw failureOf(status, new Headers(), answer, this.#name).error;
      },
    });
  }

  /** Removes what was sent. */
  async abort(): Promise<void> {
    const uploadId = await this.#id?.catch(() => undefined);
    await this.#clearLost().catch(() => {});
    if (uploadId === undefined) return;
    await abortUpload(this.#client, this.#key, uploadId);
    for (const milliseconds of this.#isPartLost ? LATE_ABORTS_MS : []) {
      // The write's own signal is aborted already.
      await sleep(milliseconds, undefined);
      await abortUpload(this.#client, this.#key, uploadId);
    }
  }

  async #create(signal: AbortSignal): Promise<string> {
    // Completing it would fail too, but only after everything was sent.
    await checkNew(this.#client, this.#write, signal);
    const startedAt = Date.now();
    try {
      const { text } = await this.#client.send({
        method: "POST",
        key: this.#key,
        query: { uploads: "" },
        headers: {
          ...objectHeaders(this.#write),
          ...(this.#client.checksums && { "x-amz-checksum-algorithm": "SHA256" }),
        },
        signal,
        onLost: () => {
          this.#lostSince ??= startedAt;
        },
      });
      const id = childText(parseXml(text), "UploadId");
      if (!id) throw placeError("HttpError", this.#name, "the server's answer has no upload id");
      return id;
    } catch (error) {
      if (signal.aborted) this.#lostSince ??= startedAt;
      throw error;
    } finally {
      this.#createdAt = Date.now();
    }
  }

  /**
   * A request to create an upload whose answer was lost may have made one that nobody knows. It is told by its key,
   * the time in which we asked, and that it is still without parts.
   */
  async #clearLost(): Promise<void> {
    if (this.#lostSince === undefined) return;
    const own = await this.#id?.catch(() => undefined);
    const { headers, text } = await this.#client.send({
      method: "GET",
      key: "",
      query: { uploads: "", prefix: this.#key },
    });
    const date = Date.parse(headers.get("date") ?? "");
    const skew = Number.isNaN(date) ? 0 : date - Date.now();
    const from = this.#lostSince + skew - SLACK_MS;
    const to = Math.min(this.#createdAt, Date.now()) + skew + SLACK_MS;
    for (const upload of parseXml(text).children.filter(({ name }) => name === "Upload")) {
      const uploadId = childText(upload, "UploadId");
      const initiated = Date.parse(childText(upload, "Initiated") ?? "");
      if (childText(upload, "Key") !== this.#key || uploadId === undefined || uploadId === own) continue;
      if (initiated < from || initiated > to) continue;
      const parts = await listParts(this.#client, this.#key, uploadId);
      if (parts?.length === 0) await abortUpload(this.#client, this.#key, uploadId);
    }
    this.#lostSince = undefined;
  }
}

/** A signal that is aborted some time after another. */
function delayed(signal: AbortSignal, milliseconds: number): AbortSignal {
  const controller = new AbortController();
  onAbort(signal, () => {
    const timer = setTimeout(() => controller.abort(signal.reason), milliseconds);
    // It is no reason for a program to stay.
    (timer as { unref?: () => void }).unref?.();
  });
  return controller.signal;
}

/** Aborts an upload, and again until the server has forgotten it. */
export async function abortUpload(client: S3Client, key: string, uploadId: string): Promise<void> {
  for (let count = 0; count < MAX_ABORTS; count++) {
    const aborted = await ifThere(client.send({ method: "DELETE", key, query: { uploadId } }));
    if (aborted === undefined || (await listParts(client, key, uploadId)) === undefined) return;
  }
}

/** The parts of an upload, `undefined` where there is no such upload. */
async function listParts(client: S3Client, key: string, uploadId: string): Promise<XmlElement[] | undefined> {
  const answer = await ifThere(client.send({ method: "GET", key, query: { uploadId } }));
  return answer && parseXml(answer.text).children.filter(({ name }) => name === "Part");
}
