/** What a save needs of a tree or a dict, taken at the call: from here on the program may change or free its own. */
import { requireChoice, requireDict, requireOptions } from "../base/arguments.ts";
import { keepShape } from "../base/keep-shape.ts";
import { type Layout, type LayoutEntry, planLayout } from "../format/layout/layout.ts";
import type { Dtype } from "../tensor/dtypes.ts";
import { byteLengthOf } from "../tensor/size.ts";
import { keystr } from "../tree/keys/keystr.ts";
import type { KeyStyleOption } from "../tree/keys/keystyles.ts";
import { tree2names } from "../tree/tree2names.ts";
import { type Leaf, type LeafCodec, takeLeaf, unsupportedLeaf } from "./leaf.ts";
import { type LeafPlace, leafError, withKeyPath } from "./leaf-error.ts";
import { likeOf } from "./like.ts";
import { checkMetadata, type Metadata, withStructure } from "./metadata.ts";
import type { CastingOptions } from "./options.ts";
import { chooseCast } from "./reads-of.ts";
import type { LeafDict, SaveOptions } from "./save.ts";
import type { SavePytreeOptions } from "./save-pytree.ts";
import type { SnapshotMemory } from "./snapshot-memory.ts";

/** A leaf on its way into a file: what the header will say of it, and how to get its bytes. */
export interface SaveEntry extends LayoutEntry {
  readonly byteLength: number;
  /** What the codec reads. */
  readonly held: unknown;
  readonly codec: LeafCodec<unknown>;
  /** What the bytes of the codec are, if they are cast on the way. */
  readonly castFrom: { readonly dtype: Dtype; readonly byteLength: number } | undefined;
}

/** Everything that a save needs, taken at the call. Whoever takes it calls {@link PreparedSave.release} at the end. */
export class PreparedSave {
  readonly entries: readonly SaveEntry[];
  readonly metadata: Metadata | undefined;
  readonly structure: string | undefined;
  readonly casting: CastingOptions;
  /** Where a leaf stands, for messages. */
  readonly placeOf: (entry: SaveEntry) => LeafPlace;
  readonly #snapshot: SnapshotMemory | undefined;
  #layout: Layout | undefined;
  #released = false;

  constructor(
    entries: readonly SaveEntry[],
    metadata: Metadata | undefined,
    structure: string | undefined,
    casting: CastingOptions,
    placeOf: (entry: SaveEntry) => LeafPlace,
    snapshot: SnapshotMemory | undefined,
  ) {
    this.entries = entries;
    this.metadata = metadata;
    this.structure = structure;
    this.casting = casting;
    this.placeOf = placeOf;
    this.#snapshot = snapshot;
  }

  /** The layout of all entries in one file. */
  get layout(): Layout {
    this.#layout ??= this.layoutOf(this.entries, withStructure(this.metadata, this.structure));
    return this.#layout;
  }

  /** The layout of a file of some of the entries. */
  layoutOf(entries: readonly SaveEntry[], metadata: Metadata | undefined): Layout {
    try {
      return planLayout(entries, metadata);
    } catch (error) {
      throw withKeyPath(error, (tensor) => {
        const entry = this.entries.find(({ name }) => name === tensor);
        return entry && this.placeOf(entry).keyPath;
      });
    }
  }

  /** Lets go of what the codecs hold, once. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#snapshot?.release();
    for (const { codec, held } of this.entries) codec.release?.(held);
  }
}

/** PyTorch's libraries refuse files of their own names whose metadata doesn't say `format`. */
function withFormat(metadata: Metadata | undefined, keys: KeyStyleOption["keys"]): Metadata | undefined {
  const isDotted = keys === "dotted" || (typeof keys === "object" && keys.name === "dotted");
  return isDotted && metadata?.format === undefined ? { ...metadata, format: "pt" } : metadata;
}

/**
 * Takes a tree for a save.
 *
 * @param snapshot Takes copies of what can change.
 */
export function prepareTree(
  tree: unknown,
  options: SavePytreeOptions<unknown>,
  snapshot: SnapshotMemory | undefined,
): PreparedSave {
  requireOptions(options);
  const { structure = "auto", objects = "dict", keys } = options;
  requireChoice("structure", structure, ["auto", "always", "never"]);
  requireChoice("objects", objects, ["dict", "attrs"]);
  const { arrays } = options;
  const like = likeOf(options.like, keys);
  const metadata = withFormat(checkMetadata(options.metadata) ?? like?.metadata, keys);
  const named = tree2names(tree, {
    ...options,
    structure,
    objects,
    ordered: options.ordered ?? arrays?.ordered ?? false,
    takeLeaf: (value) => takeLeaf(value, arrays),
    like: like?.kinds,
  });
  // Found by searching: only messages ask.
  const placeOf = ({ name }: { readonly name: string }): LeafPlace => {
    const leaf = named.leaves.find((other) => other.name === name)!;
    return { tensor: name, keyPath: keystr(named.keyPathOf(leaf)) };
  };
  const entries = enterAll(named.leaves, options, placeOf, snapshot);
  return new PreparedSave(entries, metadata, named.structure, options, placeOf, snapshot);
}

/** Takes a dict for a save. */
export function prepareDict(
  dict: LeafDict<unknown>,
  options: SaveOptions<unknown>,
  snapshot?: SnapshotMemory,
): PreparedSave {
  requireOptions(options);
  requireDict("the dict of leaves", dict);
  const metadata = checkMetadata(options.metadata);
  const placeOf = ({ name }: { readonly name: string }): LeafPlace => ({ tensor: name });
  const leaves = Object.keys(dict).map((name) => ({ name, leaf: dict[name] }));
  const entries = enterAll(leaves, options, placeOf, snapshot);
  return new PreparedSave(entries, metadata, undefined, options, placeOf, snapshot);
}

/** The entries of leaves; when one can't be entered, those before it are let go of. */
function enterAll(
  leaves: readonly { readonly name: string; readonly leaf: unknown }[],
  options: SaveOptions<unknown>,
  placeOf: (entry: { readonly name: string }) => LeafPlace,
  snapshot: SnapshotMemory | undefined,
): SaveEntry[] {
  const { arrays } = options;
  const entries: SaveEntry[] = [];
  try {
    for (const { name, leaf } of leaves) {
      const taken = takeLeaf(leaf, arrays);
      if (taken === undefined) throw unsupportedLeaf(leaf, placeOf({ name }), arrays);
      entries.push(enter(name, taken, options, snapshot));
    }
  } catch (error) {
    for (const { codec, held } of entries) codec.release?.(held);
    throw leafError(error, placeOf(leaves[entries.length]!));
  }
  return entries;
}

function enter(
  name: string,
  leaf: Leaf,
  { cast }: SaveOptions<unknown>,
  snapshot: SnapshotMemory | undefined,
): SaveEntry {
  const { codec } = leaf;
  const info = codec.describe(leaf.value);
  const { dtype, shape } = info;
  const held = codec.hold(leaf.value, snapshot);
  const byteLength = byteLengthOf(dtype, shape);
  const to = cast === undefined || codec.scalar ? undefined : chooseCast(cast, name, info);
  if (to === undefined || to === dtype)
    return { name, dtype, shape, byteLength, held, codec, castFrom: undefined };
  const castFrom = { dtype, byteLength };
  return { name, dtype: to, shape, byteLength: byteLengthOf(to, shape), held, codec, castFrom };
}

keepShape(prepareDict({}, {}));
