/** What a bucket holds: its objects, and the uploads that are under way. */
import { quote } from "../../../base/quote.ts";
import { placeError } from "../../faults.ts";
import type { ListOptions, StoreEntry } from "../../types.ts";
import type { S3Client } from "./client.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

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
): AsyncGenerator<StoreEntry, void, undefined> {
  const query = { "list-type": "2", prefix: base + prefix, ...(shallow && { delimiter: "/" }) };
  const next = ["continuation-token", "NextContinuationToken"] as const;
  for await (const page of pagesOf(client, query, next, signal)) {
    for (const { element, key } of entriesOf(page, "Contents", base, client.name)) {
      const size = childText(element, "Size") ?? "";
      if (!/^\d+$/.test(size)) throw broken(client.name, `the size ${quote(size)} of ${quote(key)}`);
      yield { key, size: Number(size), ...dateOf(element, "LastModified") };
    }
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
  const next = ["upload-id-marker", "NextUploadIdMarker"] as const;
  for await (const page of pagesOf(client, { uploads: "", prefix: base + prefix }, next)) {
    for (const { element, key } of entriesOf(page, "Upload", base, client.name)) {
      const uploadId = childText(element, "UploadId") ?? "";
      yield { uploadId, entry: { key, size: 0, ...dateOf(element, "Initiated") } };
    }
  }
}

/**
 * The pages of a list.
 *
 * @param next What says where the next page begins: the parameter of the query, and the element that has its value.
 */
async function* pagesOf(
  client: S3Client,
  query: Readonly<Record<string, string>>,
  [parameter, tag]: readonly [parameter: string, tag: string],
  signal?: AbortSignal,
): AsyncGenerator<XmlElement, void, undefined> {
  for (let from: Record<string, string> = {}; ; ) {
    // Keys can hold characters that XML can't.
    const asked = { ...query, ...from, "encoding-type": "url" };
    const page = parseXml((await client.send({ method: "GET", key: "", query: asked, signal })).text);
    yield page;
    if (childText(page, "IsTruncated") !== "true") return;
    const place = childText(page, tag);
    // A server that gives no new place would be asked forever.
    if (!place || place === from[parameter])
      throw broken(client.name, `a list that is cut, without ${tag} to go on from`);
    // Uploads are listed by key, and those of one key by their ids.
    const key = decodeKey(page, childText(page, "NextKeyMarker") ?? "");
    from = { [parameter]: place, ...(key && { "key-marker": key }) };
  }
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

function broken(name: string, what: string): Error {
  return placeError("HttpError", name, `the server sent ${what}`);
}
