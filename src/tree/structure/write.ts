/** What of a tree its key strings don't tell, as the records of structure metadata. */
import { keepShape } from "../../base/keep-shape.ts";
import {
  DictKey,
  equalKeyPaths,
  GetAttrKey,
  type KeyEntry,
  type KeyPath,
  keyOf,
  type Mark,
  markOf,
  SequenceKey,
} from "../keys/keypath.ts";
import { keystr } from "../keys/keystr.ts";
import { isPlainName } from "../keys/keystring.ts";
import { KEY_STYLES, type KeyStyle } from "../keys/keystyles.ts";
import { writeKeyed } from "../kinds/keyed.ts";
import { errorAt, placesOf, tooDeep, unsupportedKey } from "../messages.ts";
import { entriesOf, type LikeKinds, likeBelow, type RekeyOptions, rekeyed } from "../rekey.ts";
import { isNone, LEAF, type TreeDef } from "../treedef.ts";
import type { NamedLeaf } from "../walk.ts";
import { STRUCTURE_VERSION } from "./read.ts";
import { encodePath, encodeValue, type Json } from "./value.ts";

/** What {@link describeStructure} has to know besides the tree. */
export interface DescribeOptions extends RekeyOptions {
  readonly style: KeyStyle;
  /** Whether the order of dict keys and attributes counts. */
  readonly ordered: boolean;
  /** Whether to write structure metadata that says nothing. */
  readonly always: boolean;
  readonly maxDepth: number;
}

/**
 * Finds out what of a tree its key strings don't tell, as structure metadata: see `docs/format.md`. `undefined` if they
 * tell everything.
 *
 * @param leaves The leaves with their names; strings are static, all others tensors.
 */
export function describeStructure(
  def: TreeDef,
  leaves: readonly NamedLeaf[],
  options: DescribeOptions,
): string | undefined {
  const writer = new RecordWriter(leaves, options);
  writer.describe(def, options.like);
  return writer.spell();
}

/** Where the kinds of containers write their records. */
export class RecordWriter {
  /** The key path of the container whose turn it is. */
  readonly path: KeyEntry[] = [];
  /** Whether the order of dict keys and attributes counts. */
  readonly ordered: boolean;
  readonly #options: DescribeOptions;
  readonly #leaves: readonly NamedLeaf[];
  // `[path, kind, …]` for each node that key strings get wrong.
  readonly #nodes: Json[] = [];
  // Paths of tensors: those that their key strings get wrong, or all where the style reads all names together.
  readonly #paths = new Map<string, KeyPath>();
  #like: LikeKinds | undefined;
  #oddEntries = 0;
  #next = 0;

  constructor(leaves: readonly NamedLeaf[], options: DescribeOptions) {
    this.#leaves = leaves;
    this.#options = options;
    this.ordered = options.ordered;
  }

  /** The JSON of what is written: sorted, so that equal trees give equal files whatever the order of their keys. */
  spell(): string | undefined {
    const { style, always } = this.#options;
    const isKnown = style !== KEY_STYLES.pytree && readsBack(style, this.#paths);
    const leaves = [...(isKnown ? [] : this.#paths)].map(
      ([name, path]) => `${JSON.stringify(name)}:${JSON.stringify(encodePath(path))}`,
    );
    const nodes = this.#nodes.map((node) => JSON.stringify(node));
    // Names of other styles don't say which one it is: the metadata does. Dotted names are for PyTorch's programs, which
    // guess it as `keys: "auto"` does, and some of which refuse metadata that they don't know.
    const isGuessed = style === KEY_STYLES.pytree || style === KEY_STYLES.dotted;
    if (isGuessed && !always && nodes.length + leaves.length === 0) return undefined;
    const members = [`"version":${STRUCTURE_VERSION}`];
    const isOwn = style.name === KEY_STYLES.pytree.name;
    if (!isOwn) members.push(`"keys":${JSON.stringify(style.name)}`);
    if (isOwn || nodes.length > 0) members.push(`"nodes":[${nodes.sort()}]`);
    if (isOwn || leaves.length > 0) members.push(`"leaves":{${leaves.sort()}}`);
    return `{${members}}`;
  }

  /** Describes a node and what is below it. */
  describe(def: TreeDef, like: LikeKinds | undefined): void {
    const { node, children } = def;
    if (def === LEAF) this.#leaf();
    if (node === undefined) return;
    const written = rekeyed(node, children.length, like, this.#options.objects);
    const entries = written ?? entriesOf(node, children.length);
    this.#like = like;
    // With keys that are not its own a container loads as what they say, but a class keeps its name.
    if (written !== undefined && node.kind.mark !== undefined) writeKeyed(def, entries, this, ".");
    else node.kind.write(def, entries, this);
  }

  #leaf(): void {
    const { name, leaf } = this.#leaves[this.#next++]!;
    if (typeof leaf === "string") {
      this.record(
        "static",
        encodeValue(leaf, () => keystr(this.path)),
      );
      return;
    }
    if (typeof leaf === "number" || typeof leaf === "boolean" || typeof leaf === "bigint") {
      this.record(typeof leaf);
    }
    if (this.#oddEntries > 0 || this.#options.style !== KEY_STYLES.pytree) {
      this.#paths.set(name, this.path.slice());
    }
  }

  /** Adds a record of the container. */
  record(kind: string, ...extra: Json[]): void {
    this.#nodes.push([encodePath(this.path), kind, ...extra]);
  }

  /** Describes a child, and what is below it. */
  child(entry: KeyEntry, child: TreeDef): void {
    const odd = isOdd(entry, this.path.length === 0) ? 1 : 0;
    const like = this.#like;
    this.#oddEntries += odd;
    this.path.push(entry);
    if (isNone(child)) this.record("none");
    else this.describe(child, likeBelow(like, entry));
    this.path.pop();
    this.#oddEntries -= odd;
    this.#like = like;
  }

  /** Adds a static value beside the children. */
  value(entry: KeyEntry, value: Json): void {
    const { maxDepth } = this.#options;
    // One level more than the walk has seen.
    if (this.path.length >= maxDepth) throw tooDeep(maxDepth, this.path);
    this.#nodes.push([encodePath([...this.path, entry]), "static", value]);
  }

  /** The one mark of the keys, if there are any. Throws `KeyConflict` for two: files can't have them under one node. */
  markOf([first, ...others]: readonly KeyEntry[]): Mark | undefined {
    if (first === undefined) return undefined;
    const mark = markOf(first) ?? unsupportedKey(this.path, first);
    const other = others.find((entry) => markOf(entry) !== mark);
    if (other === undefined) return mark;
    const path = [...this.path, other];
    const [a, b] = placesOf([...this.path, first], path);
    const message = () =>
      `${a} and ${b} are two kinds of key under one node: give all children of a class the same kind`;
    throw errorAt("KeyConflict", path, message);
  }
}

/** Whether a key string with this entry reads as another path. */
function isOdd(entry: KeyEntry, isFirst: boolean): boolean {
  const key = keyOf(entry);
  if (entry.kind === "sequence") return false;
  return typeof key !== "string" || !isPlainName(key) || (isFirst && entry.kind === "attr" && key === "");
}

function readsBack(style: KeyStyle, paths: ReadonlyMap<string, KeyPath>): boolean {
  try {
    const decoded = style.decode([...paths.keys()]);
    return [...paths.values()].every((path, i) => equalKeyPaths(path, decoded[i] ?? []));
  } catch {
    return false;
  }
}

keepShape([
  new RecordWriter([], {} as DescribeOptions),
  new DictKey(""),
  new GetAttrKey(""),
  new SequenceKey(0),
]);
