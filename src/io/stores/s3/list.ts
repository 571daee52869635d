/** What a bucket holds: its objects, and the uploads that are under way. */
import { Pytree2SafetensorsError } from "../../../base/errors.ts";
import { quote } from "../../../base/quote.ts";
import type { ListOptions, StoreEntry } from "../../types.ts";
import type { S3Client } from "./client.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

type Entries = AsyncGenerator<StoreEntry, void, undefined>;

/**
 * The objects whose keys begin with `base` and `prefix`, a page of them at a time.
 *
 * @param base What the keys that are given begin with; it is taken off.
 */
export async function* listObjects(
  client: S3Client,
  base: string,
  prefix: string,
  { shallow = false, signal }: ListOptions = {},
): Entries {
  const query = {
    "list-type": "2",
    prefix: base + prefix,
    ...(shallow && { delimiter: "/" }),
  };
  for (let token: string | undefined, more = true; more; ) {
    const page = await listPage(client, { ...query, ...(token && { "continuation-token": token }) }, signal);
    for (const { element, key } of entriesOf(page, "Contents", base, client.name)) {
      const size = childText(element, "Size") ?? "";
      if (!/^\d+$/.test(size)) throw broken(client.name, `the size ${quote(size)} of ${quote(key)}`);
      yield { key, size: Number(size), ...dateOf(element, "LastModified") };
    }
    more = childText(page, "IsTruncated") === "true";
    token = nextOf(page, "NextContinuationToken", token, more, client.name);
  }
}

/** A multipart upload that is neither complete nor aborted: of a living writer or of a dead one. */
export interface OpenUpload {
  readonly uploadId: string;
  /** The key that it is to have, without what all keys of the store begin with. */
  readonly entry: StoreEntry;
}

/** The multipart uploads whose keys begin with `base` and `prefix`. */
export async function* listUploads(
  client: S3Client,
  base: string,
  prefix: string,
): AsyncGenerator<OpenUpload, void, undefined> {
  const query = { uploads: "", prefix: base + prefix };
  for (let marker: string | undefined, id: string | undefined, more = true; more; ) {
    const from = { ...(marker && { "key-marker": marker }), ...(id && { "upload-id-marker": id }) };
    const page = await listPage(client, { ...query, ...from }, undefined);
    for (const { element, key } of entriesOf(page, "Upload", base, client.name)) {
      const uploadId = childText(element, "UploadId") ?? "";
      yield { uploadId, entry: { key, size: 0, ...dateOf(element, "Initiated") } };
    }
    more = childText(page, "IsTruncated") === "true";
    id = nextOf(page, "NextUploadIdMarker", id, more, client.name);
    marker = decodeKey(page, childText(page, "NextKeyMarker") ?? "");
  }
}

async function listPage(
  client: S3Client,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<XmlElement> {
  // Keys can hold characters that XML can't.
  const { text } = await client.send({
    method: "GET",
    key: "",
    query: { ...query, "encoding-type": "url" },
    signal,
  });
  return parseXml(text);
}

function* entriesOf(
  page: XmlElement,
  kind: string,
  base: string,
  name: string,
): Generator<{ element: XmlElement; key: string }> {
  for (const element of page.children) {
    if (element.name !== kind) continue;
    const key = decodeKey(page, childText(element, "Key") ?? "");
    if (!key.startsWith(base)) throw broken(name, `the key ${quote(key)}, which wasn't asked for`);
    // What consoles make to show an empty folder.
    if (key !== base) yield { element, key: key.slice(base.length) };
  }
}

function decodeKey(page: XmlElement, written: string): string {
  if (childText(page, "EncodingType") !== "url") return written;
  return decodeURIComponent(written.replaceAll("+", "%20"));
}

function dateOf(element: XmlElement, name: string): { modified?: number } {
  const modified = Date.parse(childText(element, name) ?? "");
  return Number.isNaN(modified) ? {} : { modified };
}

/** Where the next page begins; a server that gives no new place would be asked forever. */
function nextOf(
  page: XmlElement,
  tag: string,
  last: string | undefined,
  more: boolean,
  name: string,
): string | undefined {
  const next = childText(page, tag);
  if (more && (!next || next === last))
    throw broken(name, `a list that is cut, without ${tag} to go on from`);
  return next;
}

function broken(name: string, what: string): Error {
  return new Pytree2SafetensorsError("HttpError", `${name}: the server sent ${what}`, { source: name });
}
