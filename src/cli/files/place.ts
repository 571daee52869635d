/** What a place is that a command was given: standard input, a path, an address; and how it is called in answers. */
import { dirname } from "node:path";
import { isStandardInput } from "./standard.ts";

/** Whether a place is an address on the network, not a path. */
export function isAddress(place: string): boolean {
  // One letter is a drive of Windows.
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(place) && !/^file:/i.test(place);
}

/** Whether a place is an `http:` or `https:` URL. */
export function isUrl(place: string): boolean {
  return /^https?:/i.test(place);
}

/** Whether an address is a folder, a bucket or a repository, and not a file in it. */
export function isFolderAddress(address: string): boolean {
  const path = withoutQuery(address);
  return (
    path.endsWith("/") ||
    /^s3:\/\/[^/]+$/i.test(path) ||
    /^hf:\/\/(?:(?:models|datasets|spaces)\/)?[^/@]+\/[^/@]+(?:@(?:refs\/(?:pr|convert)\/)?[^/]+)?$/i.test(
      path,
    )
  );
}

/** The place of the folder that a file lies in. */
export function folderOf(place: string): string {
  if (!isAddress(place)) return dirname(place);
  const path = withoutQuery(place);
  return path.slice(0, path.lastIndexOf("/") + 1) + place.slice(path.length);
}

/** The last part of a place, decoded. */
export function lastPart(place: string): string | undefined {
  const path = isUrl(place) && URL.canParse(place) ? decoded(new URL(place).pathname) : place;
  return path.split(/[/\\]/).findLast((part) => part !== "");
}

/** The place of a file of a checkpoint, by its name there. */
export function besides(place: string, name: string): string {
  if (!isAddress(place)) return place.replace(/[^/\\]*$/, () => name);
  const path = withoutQuery(place);
  const escaped = isUrl(place) ? name.split("/").map(encodeURIComponent).join("/") : name;
  return path.slice(0, path.lastIndexOf("/") + 1) + escaped + place.slice(path.length);
}

/** How answers and messages call a place: the query and the password of a URL are secrets more often than not. */
export function placeName(place: string): string {
  if (!isUrl(place) || !URL.canParse(place)) return place;
  const url = new URL(place);
  if (url.search === "" && url.username === "" && url.password === "") return place;
  url.search = "";
  url.username = "";
  url.password = "";
  return url.href;
}

/** The same text for the same address, however it is spelled. */
export function canonicalAddress(address: string): string {
  return isUrl(address) && URL.canParse(address)
    ? new URL(address).href
    : address.replace(/^[^:]+/, (scheme) => scheme.toLowerCase());
}

/** Whether a place is on a disk of this machine. */
export function isLocal(place: string): boolean {
  return !isAddress(place) && !isStandardInput(place);
}

function withoutQuery(address: string): string {
  return isUrl(address) ? address.replace(/[?#].*$/s, "") : address;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // a percent sign that stands for itself
  }
}
