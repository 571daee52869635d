/** What the answers of a server say: of which part, and of which version of a file. */
import type { Pytree2SafetensorsError } from "../../base/errors.ts";
import { printable } from "../../base/quote.ts";
import { sourceChanged } from "../faults.ts";
import { refusal } from "./refusal.ts";
import { httpError, isEncoded } from "./response.ts";

// What a caller can do about a server whose parts can't be used.
const WHOLE = "loadFile(await fetch(url)) downloads it whole";

/** What tells one version of a file from another. */
export interface Version {
  readonly size: number;
  readonly etag: string | null;
  readonly modified: string | null;
}

/** Throws unless the response is the very part of the very file. */
export async function checkPart(
  response: Response,
  name: string,
  start: number,
  end: number,
  version: Version,
): Promise<void> {
  const { status } = response;
  if (status === 200 || status === 416) {
    const total = /\*\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
    const length = status === 200 ? response.headers.get("content-length") : total;
    const size = length == null || isEncoded(response) ? version.size : Number(length);
    checkVersion(name, version, versionOf(response, size));
    throw httpError(name, status, `asked for bytes [${start}, ${end}), but the server answered ${status}`);
  }
  if (status !== 206) throw await refusal(response, name);
  const range = contentRange(response, name);
  const now = versionOf(response, range.size ?? version.size);
  checkVersion(name, version, now);
  // A part that says nothing any more of what it is of may be anything: an error page, say.
  const known = (["etag", "modified"] as const).filter((key) => version[key] !== null);
  if (known.length > 0 && known.every((key) => now[key] === null))
    throw changed(name, known[0]!, version, now);
  if (range.start !== start || range.end !== end) throw wrongRange(response, name, start, end);
}

/** What part of the file a response says to be, as `[start, end)`, and the file's size if it is known. */
export function contentRange(
  response: Response,
  name: string,
): { start: number; end: number; size: number | undefined } {
  if (isEncoded(response)) {
    throw httpError(name, 206, `the server compressed a part of the file; ${WHOLE}`);
  }
  const header = response.headers.get("content-range");
  if (header === null) {
    const problem = "the answer has no Content-Range, or hides it from pages of other origins";
    const advice = "the server should send Access-Control-Expose-Headers: Content-Range, ETag";
    throw httpError(name, 206, `${problem}; ${advice}; ${WHOLE}`);
  }
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header);
  if (match === null) throw httpError(name, 206, `can't read its Content-Range, ${printable(header, 200)}`);
  const size = match[3] === "*" ? undefined : Number(match[3]);
  return { start: Number(match[1]), end: Number(match[2]) + 1, size };
}

/** The error of a part that was not asked for. */
export function wrongRange(response: Response, name: string, start: number, end: number): Error {
  const found = response.headers.get("content-range");
  return httpError(
    name,
    206,
    `asked for bytes ${start}-${end - 1}, the server answered ${printable(found ?? "none", 200)}`,
  );
}

/** What a response says of the file's version. */
export function versionOf({ headers }: Response, size: number): Version {
  return { size, etag: headers.get("etag"), modified: headers.get("last-modified") };
}

/** What names this very version for good; `undefined` where the server tells none, or one that another version can have. */
export function validatorOf({ etag, modified }: Version, now = Date.now()): string | undefined {
  if (etag?.startsWith('"')) return etag;
  // A file can change twice in the second that a date counts, but not in the minute that has passed.
  const date = Date.parse(modified ?? "");
  return now - date > 60_000 ? (modified ?? undefined) : undefined;
}

function checkVersion(name: string, old: Version, now: Version): void {
  const plain = (value: number | string | null) =>
    typeof value === "string" ? value.replace(/^W\//, "") : value;
  const differs = (key: keyof Version) =>
    old[key] !== null && now[key] !== null && plain(old[key]) !== plain(now[key]);
  // Equal strong tags mean equal bytes, whatever the date of the server that answers.
  const isSame = old.size === now.size && old.etag === now.etag && old.etag?.startsWith('"');
  const key = isSame ? undefined : (["size", "etag", "modified"] as const).find(differs);
  if (key !== undefined) throw changed(name, key, old, now);
}

function changed(name: string, key: keyof Version, old: Version, now: Version): Pytree2SafetensorsError {
  const spell = (value: string | number | null) => printable(`${key} ${value}`, 200);
  return sourceChanged(name, { expected: spell(old[key]), found: spell(now[key]) });
}
