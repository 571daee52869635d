/** A source of the caller's own. */
import { isByteSource } from "../duck-types.ts";
import type { Opened } from "./kind.ts";

/** Takes anything with the shape of a {@link ByteSource} as it is; the caller closes it. */
export function openOwn(input: unknown): Opened | undefined {
  return isByteSource(input) ? { source: input, owned: false } : undefined;
}
