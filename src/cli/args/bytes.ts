/** Sizes as people write them. */
import { InvalidArgumentError } from "commander";

const FACTORS = { k: 1, m: 2, g: 3, t: 4 };

/** Reads a number of bytes: `10GB`, `500MiB`, `0`. */
export function parseBytes(text: string): number {
  const [, digits, prefix, binary] = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?))?b?$/i.exec(text.trim()) ?? [];
  if (digits === undefined) throw new InvalidArgumentError("Expected a size, such as 10GB or 500MiB.");
  const power = prefix ? FACTORS[prefix.toLowerCase() as keyof typeof FACTORS] : 0;
  return Math.floor(Number(digits) * (binary ? 1024 : 1000) ** power);
}

/** Reads the size of a file, which is more than nothing. */
export function parseFileSize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes > 0) return bytes;
  throw new InvalidArgumentError("Expected at least one byte.");
}
