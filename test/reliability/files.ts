/** The bytes of a file of empty tensors with these names, and of the header that is given; as a stranger would make it. */
export function fileOf(names: readonly string[], structure?: string): Uint8Array<ArrayBuffer> {
  const metadata =
    structure === undefined ? "" : `"__metadata__":${JSON.stringify({ [STRUCTURE_KEY]: structure })}`;
  const entries = names.map(
    (name) => `${JSON.stringify(name)}:{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`,
  );
  return fileWithHeader(`{${[metadata, ...entries].filter(Boolean).join(",")}}`);
}

/** The metadata key of the structure; `docs/format.md` has it. */
export const STRUCTURE_KEY = "pytree2safetensors";

/** The bytes of a file with this header and so many zeros behind it. */
export function fileWithHeader(header: string | Uint8Array, dataBytes = 0): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  return file;
}
