/** Which tensor of a file each leaf of a template meets. */
import { Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";

/** A leaf of a template and the tensor that it meets, if there is one. */
export interface Pair<L, R> {
  readonly leaf: L;
  readonly tensor: R | undefined;
}

interface OpenPair<L, R> extends Pair<L, R> {
  tensor: R | undefined;
}

/** The leaves of a template with the tensors they meet. */
export interface WeightMatch<L, R> {
  /** Every leaf in its order; without a tensor where none fits. */
  readonly pairs: readonly Pair<L, R>[];
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
export function matchWeights<L extends Named, R extends Named>(
  leaves: readonly L[],
  tensors: readonly R[],
  { mode, aliases }: MatchOptions,
): WeightMatch<L, R> {
  const pairs = leaves.map((leaf): OpenPair<L, R> => ({ leaf, tensor: undefined }));
  // Which pair each tensor is in.
  const takenBy = new Int32Array(tensors.length).fill(-1);
  const take = (pair: number, tensor: number) => {
    pairs[pair]!.tensor = tensors[tensor]!;
    takenBy[tensor] = pair;
  };
  // What was saved from such a tree has its order: then no index of the names is needed.
  let places: Map<string, number> | undefined;
  let next = 0;
  for (let pair = 0; pair < leaves.length; pair++) {
    const { name } = leaves[pair]!;
    if (tensors[next]?.name !== name) {
      places ??= new Map(tensors.map((tensor, i) => [tensor.name, i]));
      const place = places.get(name);
      if (place === undefined) continue;
      next = place;
    }
    take(pair, next++);
  }
  if (mode === "name") matchByName(pairs, tensors, takenBy, take);
  if (aliases !== undefined && aliases.size > 0) matchAliases(pairs, tensors, aliases, mode, take);
  return { pairs, unexpected: tensors.filter((_, i) => takenBy[i] === -1) };
}

function matchByName<L extends Named, R extends Named>(
  pairs: readonly OpenPair<L, R>[],
  tensors: readonly R[],
  takenBy: Int32Array,
  take: (pair: number, tensor: number) => void,
): void {
  // Of each stripped name the tensor that has it, and a second one where there is.
  const candidates = new Map<string, [first: number, second?: number]>();
  tensors.forEach(({ name }, i) => {
    if (takenBy[i] !== -1) return;
    const stripped = stripKinds(name);
    const known = candidates.get(stripped);
    if (known === undefined) candidates.set(stripped, [i]);
    else known[1] ??= i;
  });
  if (candidates.size === 0) return;
  pairs.forEach(({ leaf: { name }, tensor }, pair) => {
    if (tensor !== undefined) return;
    const found = candidates.get(stripKinds(name));
    if (found === undefined) return;
    const [first, second] = found;
    if (second !== undefined) {
      ambiguous(`the leaf ${quote(name)}`, "tensors", tensors[first]!.name, tensors[second]!.name);
    }
    const other = pairs[takenBy[first]!];
    if (other !== undefined) {
      ambiguous(`the tensor ${quote(tensors[first]!.name)}`, "leaves", other.leaf.name, name);
    }
    take(pair, first);
  });
}

/** Gives leaves that have no tensor of their own the one that they are tied to. */
function matchAliases<L extends Named, R extends Named>(
  pairs: readonly OpenPair<L, R>[],
  tensors: readonly R[],
  aliases: ReadonlyMap<string, string>,
  mode: MatchOptions["mode"],
  take: (pair: number, tensor: number) => void,
): void {
  const spell = mode === "name" ? stripKinds : (name: string) => name;
  const places = new Map(tensors.map(({ name }, i) => [name, i]));
  const targets = new Map([...aliases].map(([alias, name]) => [spell(alias), places.get(name)]));
  pairs.forEach(({ leaf, tensor }, pair) => {
    if (tensor !== undefined) return;
    const target = targets.get(spell(leaf.name));
    if (target !== undefined) take(pair, target);
  });
}

function ambiguous(what: string, kind: string, a: string, b: string): never {
  const message = `${what} fits two ${kind} by name, ${quote(a)} and ${quote(b)}: rename one, or match exactly`;
  throw new Pytree2SafetensorsError("AmbiguousKey", message, { tensor: a, found: b });
}
