/** Which keys a listing has, and which folders have to be looked into for them. */

/** Whether a key belongs to the listing of a prefix. */
export function isListed(key: string, prefix: string, shallow: boolean): boolean {
  return key.startsWith(prefix) && !(shallow && key.includes("/", prefix.length));
}

/** Whether keys of the listing may lie in the folder `path`, which ends in "/". */
export function mayHold(path: string, prefix: string, shallow: boolean): boolean {
  return prefix.startsWith(path) || (!shallow && path.startsWith(prefix));
}
