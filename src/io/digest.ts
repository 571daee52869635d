/** SHA-256, by which blocks of a cache and requests to S3 are known. */
import type { UnsharedBytes } from "../base/types.ts";

/** The hash of bytes. */
export async function sha256(bytes: UnsharedBytes): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
