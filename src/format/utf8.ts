// UTF-8: decoding, encoding, and finding what is not UTF-8.
/** The index of the first byte that is not part of valid UTF-8, or -1: no overlong forms, no surrogates. */
export function invalidUtf8At(bytes: Uint8Array): number {
  const size = bytes.length;
  for (let i = 0; i < size; ) {
    const lead = bytes[i]!;
    if (lead < 0x80) {
      i++;
      continue;
    }
    const extra = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
    if (extra === 0 || i + extra >= size) return i;
    // The second byte is where overlong forms, surrogates and code points past U+10FFFF show.
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    const second = bytes[i + 1]!;
    if (second < low || second > high) return i;
    for (let k = 2; k <= extra; k++) if ((bytes[i + k]! & 0xc0) !== 0x80) return i;
    i += extra + 1;
  }
  return -1;
}

// A byte order mark inside a name belongs to the name.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Decodes the bytes `[start, end)`, known to be valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return decoder.decode(bytes.subarray(start, end));
}

const encoder = new TextEncoder();

/** The UTF-8 bytes of `text`. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}
