import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "./messages.ts";

/** Which tensor of a file each leaf of a template meets. */
export interface WeightMatch {
  /** For each template leaf the number of the file's name, or -1. */
  readonly fileIndexOf: Int32Array;
  /** The file's names that no leaf meets. */
  readonly unexpected: readonly number[];
}

/** A key string without the kinds of its keys: `layers#0@w` becomes `layers.0.w`. */
export function stripKinds(keyString: string): string {
  return keyString.replace(/^[.@#]/, "").replace(/[.@#]/g, ".");
}

/**
 * Pairs a template's leaves with a file's tensors: by equal key strings and, under `"name"`, where there is none, by
 * key strings that are equal without their kinds. Neither has a name twice.
 *
 * @throws `AmbiguousKey` where a leaf has two candidates or a tensor two leaves.
 */
export function matchWeights(
  templateNames: readonly string[],
  fileNames: readonly string[],
  mode: "exact" | "name",
): WeightMatch {
  const fileIndexOf = new Int32Array(templateNames.length).fill(-1);
  const takenBy = new Int32Array(fileNames.length).fill(-1);
  matchExactly(templateNames, fileNames, fileIndexOf, takenBy);
  if (mode === "name") matchByName(templateNames, fileNames, fileIndexOf, takenBy);
  const unexpected: number[] = [];
  for (let index = 0; index < takenBy.length; index++) if (takenBy[index] === -1) unexpected.push(index);
  return { fileIndexOf, unexpected };
}

function matchExactly(
  templateNames: readonly string[],
  fileNames: readonly string[],
  fileIndexOf: Int32Array,
  takenBy: Int32Array,
): void {
  // What was saved from such a tree has its order: then no index of the names is needed.
  let places: Map<string, number> | undefined;
  let next = 0;
  for (let leaf = 0; leaf < templateNames.length; leaf++) {
    const name = templateNames[leaf]!;
    let index: number | undefined = next;
    if (fileNames[next] !== name) {
      places ??= new Map(fileNames.map((fileName, i) => [fileName, i]));
      index = places.get(name);
      if (index === undefined) continue;
    }
    next = index + 1;
    fileIndexOf[leaf] = index;
    takenBy[index] = leaf;
  }
}

function matchByName(
  templateNames: readonly string[],
  fileNames: readonly string[],
  fileIndexOf: Int32Array,
  takenBy: Int32Array,
): void {
  // Of each stripped name the tensor that has it, and a second one where there is.
  const candidates = new Map<string, [first: number, second?: number]>();
  fileNames.forEach((name, index) => {
    if (takenBy[index] !== -1) return;
    const stripped = stripKinds(name);
    const known = candidates.get(stripped);
    if (known === undefined) candidates.set(stripped, [index]);
    else known[1] ??= index;
  });
  if (candidates.size === 0) return;
  templateNames.forEach((name, leaf) => {
    if (fileIndexOf[leaf] !== -1) return;
    const found = candidates.get(stripKinds(name));
    if (found === undefined) return;
    const [index, second] = found;
    if (second !== undefined) {
      ambiguous(`the leaf ${quote(name)}`, "tensors", fileNames[index]!, fileNames[second]!);
    }
    const other = takenBy[index]!;
    if (other !== -1) {
      ambiguous(`the tensor ${quote(fileNames[index]!)}`, "leaves", templateNames[other]!, name);
    }
    fileIndexOf[leaf] = index;
    takenBy[index] = leaf;
  });
}

function ambiguous(what: string, kind: string, a: string, b: string): never {
  throw new Pytree2SafetensorsError(
    "AmbiguousKey",
    `${what} fits two ${kind} by name, ${quote(a)} and ${quote(b)}: rename one, or match exactly`,
    { tensor: a, found: b },
  );
}
