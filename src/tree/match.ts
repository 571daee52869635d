/** Which tensor of a file each leaf of a template meets. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** Which tensors the leaves of a template meet. */
export interface WeightMatch<R> {
  /** The tensor of each leaf, in the leaves' order; `undefined` where none fits. */
  readonly met: readonly (R | undefined)[];
  /** The tensors that no leaf meets. */
  readonly unexpected: readonly R[];
}

interface Named {
  readonly name: string;
}

/** A key string without the kinds of its keys: `layers#0@w` becomes `layers.0.w`. */
export function stripKinds(keyString: string): string {
  return keyString.replace(/^[.@#]/, "").replace(/[.@#]/g, ".");
}

/** How leaves and tensors are paired. */
export interface MatchOptions {
  /** By equal key strings alone, or then also by key strings that are equal without their kinds. */
  readonly mode: "exact" | "name";
  /** Other names of tensors, as files with tied weights list them: a leaf of such a name meets the tensor too. */
  readonly aliases?: ReadonlyMap<string, string> | undefined;
}

/**
 * Pairs a template's leaves with a file's tensors: by equal key strings and, under `"name"`, where there is none, by
 * key strings that are equal without their kinds. Neither has a name twice; through an alias, several leaves may meet
 * one tensor.
 *
 * @throws `AmbiguousKey` where a leaf has two candidates or a tensor two leaves.
 */
export function matchWeights<R extends Named>(
  leaves: readonly Named[],
  tensors: readonly R[],
  { mode, aliases }: MatchOptions,
): WeightMatch<R> {
  const met = new Array<R | undefined>(leaves.length).fill(undefined);
  // Which leaf has each tensor.
  const takenBy = new Int32Array(tensors.length).fill(-1);
  const take = (leaf: number, tensor: number) => {
    met[leaf] = tensors[tensor]!;
    takenBy[tensor] = leaf;
  };
  // What was saved from such a tree has its order: then no index of the names is needed.
  let places: Map<string, number> | undefined;
  let next = 0;
  for (let leaf = 0; leaf < leaves.length; leaf++) {
    const { name } = leaves[leaf]!;
    if (tensors[next]?.name !== name) {
      places ??= new Map(tensors.map((tensor, i) => [tensor.name, i]));
      const place = places.get(name);
      if (place === undefined) continue;
      next = place;
    }
    take(leaf, next++);
  }
  /** Gives each leaf that has no tensor yet the one that is found by its name. */
  const fill = (find: (name: string) => number | undefined) => {
    leaves.forEach(({ name }, leaf) => {
      const tensor = met[leaf] === undefined ? find(name) : undefined;
      if (tensor !== undefined) take(leaf, tensor);
    });
  };
  if (mode === "name") fill(byStrippedName(leaves, tensors, takenBy));
  if (aliases !== undefined && aliases.size > 0) fill(byAlias(tensors, aliases, mode));
  return { met, unexpected: tensors.filter((_, i) => takenBy[i] === -1) };
}

/** Finds tensors that no leaf has yet by key strings without kinds. */
function byStrippedName(leaves: readonly Named[], tensors: readonly Named[], takenBy: Int32Array) {
  // Of each stripped name the tensor that has it, and a second one where there is.
  const candidates = new Map<string, [first: number, second?: number]>();
  tensors.forEach(({ name }, i) => {
    if (takenBy[i] !== -1) return;
    const stripped = stripKinds(name);
    const known = candidates.get(stripped);
    if (known === undefined) candidates.set(stripped, [i]);
    else known[1] ??= i;
  });
  return (name: string): number | undefined => {
    const [first, second] = candidates.get(stripKinds(name)) ?? [];
    if (first === undefined) return undefined;
    if (second !== undefined) {
      ambiguous(`the leaf ${quote(name)}`, "tensors", tensors[first]!.name, tensors[second]!.name);
    }
    const other = leaves[takenBy[first]!];
    if (other !== undefined) {
      ambiguous(`the tensor ${quote(tensors[first]!.name)}`, "leaves", other.name, name);
    }
    return first;
  };
}

/** Finds the tensors that names are tied to. */
function byAlias(
  tensors: readonly Named[],
  aliases: ReadonlyMap<string, string>,
  mode: MatchOptions["mode"],
) {
  const spell = mode === "name" ? stripKinds : (name: string) => name;
  const places = new Map(tensors.map(({ name }, i) => [name, i]));
  const targets = new Map([...aliases].map(([alias, name]) => [spell(alias), places.get(name)]));
  return (name: string): number | undefined => targets.get(spell(name));
}

function ambiguous(what: string, kind: string, a: string, b: string): never {
  const message = `${what} fits two ${kind} by name, ${quote(a)} and ${quote(b)}: rename one, or match exactly`;
  throw new Pytree2SafetensorsError("AmbiguousKey", message, { tensor: a, found: b });
}
