// Sizes as people write them.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const BINARY_UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Reads a size: a number of bytes, or a text like `"5GB"` (10^9 bytes each, as Hugging Face has it) or `"5GiB"`
 * (2^30).
 *
 * @throws InvalidArgument
 */
export function parseSize(size: number | string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(I?))?B?\s*$/i.exec(String(size));
  const unit = match?.[2]?.toUpperCase() ?? "";
  const bytes = match ? Math.floor(Number(match[1]) * (match[3] ? BINARY_UNITS : UNITS)[unit]!) : 0;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  const message = `maxShardSize must be a positive number of bytes, or a text like "5GB" or "512MiB", not ${describeValue(size)}`;
  throw new Pytree2SafetensorsError("InvalidArgument", message, {
    expected: 'a number of bytes, or a text like "5GB"',
    found: describeValue(size),
  });
}
