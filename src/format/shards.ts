// The index of a sharded checkpoint, which says which tensor is in which file, as it is read.
import { type ErrorDetails, Pytree2SafetensorsError } from "../base/errors.ts";
import { isInside } from "../base/inside.ts";
import { describeValue, quote } from "../base/quote.ts";
import { compareUtf8 } from "../base/utf8.ts";
import { JsonCursor } from "./header/json.ts";
import type { TensorRef } from "./tensor-ref.ts";
import { encodeUtf8 } from "./utf8.ts";

/** The contents of a `model.safetensors.index.json`, checked as far as loading needs it. */
export interface ShardIndex {
  /** Everything under `metadata`; empty if that is missing or not an object. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** `metadata.total_parameters`, if it is a number. */
  readonly totalParameters: number | undefined;
  /** Tensor name → file name. */
  readonly weightMap: ReadonlyMap<string, string>;
  /** The names of the files, each once, sorted. */
  readonly files: readonly string[];
}

/** How an index and its files go together. */
export interface ShardMatch<F> {
  /** The tensors that the index lists and its files hold, in the order of the files. */
  readonly tensors: readonly TensorRef<F>[];
  /** Tensors of the files that the index does not list there: they are not part of the checkpoint. */
  readonly unlisted: readonly { readonly name: string; readonly file: string }[];
  /** Tensors that the index lists in a file that does not hold them: name → file name. */
  readonly missing: ReadonlyMap<string, string>;
}

const BOM = "\ufeff";

/**
 * Reads the index of a sharded checkpoint, as Hugging Face's libraries write it. Its `weight_map` decides; whatever
 * else is in it is never a reason to refuse it.
 *
 * @throws InvalidIndex for bad JSON, a key that occurs twice in an object, a missing `weight_map`, and files that would
 * lie outside the index's own folder.
 */
export function parseShardIndex(text: string): ShardIndex {
  const index = strictJson(text.startsWith(BOM) ? text.slice(1) : text);
  const { metadata: given, weight_map: map } = isObject(index) ? index : {};
  if (!isObject(map)) {
    const found = isObject(index) ? `weight_map: ${describeValue(map)}` : describeValue(index);
    const expected = "an object with a weight_map of tensor names to file names";
    throw invalid(`expected ${expected}, found ${found}`, { expected, found });
  }
  const metadata = isObject(given) ? given : {};
  const weightMap = new Map<string, string>();
  const files = new Set<string>();
  for (const [tensor, file] of Object.entries(map)) {
    const plain = typeof file === "string" ? withoutDots(file) : undefined;
    if (plain === undefined || !isInside(plain)) {
      const found = describeValue(file);
      const message = `tensor ${quote(tensor)}: expected the name of a file inside the index's folder, found ${found}`;
      throw invalid(message, { tensor, expected: "a plain file name", found });
    }
    weightMap.set(tensor, plain);
    files.add(plain);
  }
  const sorted = [...files].sort(compareUtf8);
  const { total_parameters: count } = metadata;
  const totalParameters = typeof count === "number" && count >= 0 ? count : undefined;
  return { metadata, totalParameters, weightMap, files: sorted };
}

/**
 * Compares an index with the headers of its files.
 *
 * @param files The tensors of each file that is there, by the name that the index has for it.
 */
export function matchShards<F>(
  { weightMap }: ShardIndex,
  files: ReadonlyMap<string, readonly TensorRef<F>[]>,
): ShardMatch<F> {
  const tensors: TensorRef<F>[] = [];
  const unlisted: { name: string; file: string }[] = [];
  const missing = new Map(weightMap);
  for (const [file, refs] of files) {
    for (const ref of refs) {
      if (weightMap.get(ref.name) !== file) unlisted.push({ name: ref.name, file });
      else {
        tensors.push(ref);
        missing.delete(ref.name);
      }
    }
  }
  return { tensors, unlisted, missing };
}

/** The one warning about tensors that the index does not list. */
export function unlistedWarning(unlisted: ShardMatch<unknown>["unlisted"]): Pytree2SafetensorsError {
  const { name, file } = unlisted[0]!;
  const others = unlisted.length > 1 ? ` and ${unlisted.length - 1} more` : "";
  const message = `the index does not list the tensor ${quote(name)} of the shard ${quote(file)}${others}: it is not part of the checkpoint and is left out`;
  return new Pytree2SafetensorsError("InvalidIndex", message, { tensor: name, found: file });
}

// JSON without the leniencies that hide something: repeated keys, lone surrogates, endless nesting.
function strictJson(text: string): unknown {
  const cursor = new JsonCursor(encodeUtf8(text), "InvalidIndex");
  cursor.onDuplicate = (key) => {
    throw invalid(`the key ${quote(key)} occurs twice in one object`, { found: key });
  };
  cursor.skip(0);
  if (cursor.next() !== -1) cursor.fail("nothing more");
  return JSON.parse(text);
}

// `./name` is `name`, and `a/./b` is `a/b`.
function withoutDots(file: string): string {
  const parts = file.split("/");
  return parts.filter((part, i) => part !== "." || i === parts.length - 1).join("/");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string, details: ErrorDetails): Pytree2SafetensorsError {
  return new Pytree2SafetensorsError("InvalidIndex", `invalid shard index: ${message}`, details);
}
