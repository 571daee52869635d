/** Tensors that stand at the same place of equal layers. */

/** Tensors that are shown as one. */
export interface Layers {
  /** The name with the range of its indices, `h.0…11.attn.weight`; the name itself of a single tensor. */
  readonly label: string;
  readonly names: readonly string[];
}

// A key that is a number, in any of the key styles.
const INDEX = /(?<=^|[.#/[])\d{1,9}(?=$|[.@#/\]])/g;
const MIN_LAYERS = 2;

/** Groups tensors whose names differ in indices alone and that are of one kind. */
export function foldLayers(list: readonly { readonly name: string; readonly kind: string }[]): Layers[] {
  const groups = new Map<string, string[]>();
  for (const { name, kind } of list) {
    const key = `${kind} ${name.replace(INDEX, "\0")}`;
    const group = groups.get(key);
    if (group) group.push(name);
    else groups.set(key, [name]);
  }
  return [...groups.values()].flatMap((names) =>
    names.length < MIN_LAYERS ? names.map((name) => ({ label: name, names: [name] })) : [labelled(names)],
  );
}

function labelled(names: readonly string[]): Layers {
  const indices = names.map((name) => (name.match(INDEX) ?? []).map(Number));
  let place = -1;
  const label = names[0]!.replace(INDEX, () => {
    place++;
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const own of indices) {
      least = Math.min(least, own[place]!);
      most = Math.max(most, own[place]!);
    }
    return least === most ? String(least) : `${least}…${most}`;
  });
  return { label, names };
}
