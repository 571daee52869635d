// Tied weights: the names that `save_model` of safetensors.torch leaves in the metadata of a file.

/**
 * Finds the tensors that a file stores once for several names. `save_model` writes `"alias": "stored name"` into the
 * metadata for each name that it leaves out. Any other metadata is passed over: the value must be the name of a tensor
 * of the file, and the key must not.
 *
 * @param has Whether the file has a tensor of this name.
 * @returns Alias → stored name.
 */
export function findAliases(
  metadata: Readonly<Record<string, string>>,
  has: (name: string) => boolean,
): ReadonlyMap<string, string> {
  return new Map(Object.entries(metadata).filter(([alias, stored]) => has(stored) && !has(alias)));
}
