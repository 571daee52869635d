// Sizes as people write them.
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { describeValue } from "../base/quote.ts";

/**
 * Reads a size: a number of bytes, or a text like `"5GB"` (10^9 bytes each, as Hugging Face has it) or `"5GiB"`
 * (2^30).
 *
 * @throws InvalidArgument
 */
export function parseSize(size: number | string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(I?))?B?\s*$/i.exec(String(size));
  const [, count, prefix, binary] = match ?? [];
  const exponent = prefix ? "KMGT".indexOf(prefix.toUpperCase()) + 1 : 0;
  const bytes = Math.floor(Number(count) * (binary ? 1024 : 1000) ** exponent);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  const found = describeValue(size);
  const message = `maxShardSize must be a positive number of bytes, or a text like "5GB" or "512MiB", not ${found}`;
  throw new Pytree2SafetensorsError("InvalidArgument", message, {
    expected: 'a number of bytes, or a text like "5GB"',
    found,
  });
}
