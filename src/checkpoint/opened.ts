/** An open checkpoint: which tensors there are and where; what reads them one by one is {@link SafetensorsFile}. */
import { invalidArgument } from "../base/arguments.ts";
import { type Fault, Pytree2SafetensorsError } from "../base/errors.ts";
import { quote } from "../base/quote.ts";
import { findAliases } from "../format/aliases.ts";
import { stripKinds } from "../tree/match.ts";
import type { FilePart, FileTensor } from "./file-part.ts";

/** What an open checkpoint is made of. */
export interface CheckpointContents {
  readonly parts: readonly FilePart[];
  /** By file, then by offset. */
  readonly tensors: readonly FileTensor[];
  /** Decoded when it is asked for: a dict of tiny strings takes many times the bytes that it is written in. */
  readonly metadata: () => Readonly<Record<string, string>>;
  /** Tensors that an index lists and that their shard doesn't have: name → file name. */
  readonly missing?: ReadonlyMap<string, string>;
  readonly totalParameters?: number | undefined;
  readonly release: () => Promise<void>;
}

// So many names are searched for. A Map of a million names takes 120 MB and a quarter of a second, a search 5 ms.
const MAX_SEARCHES = 8;

// Closes what a file holds once nobody can reach the file any more, its lazy leaves included.
const forgotten = new FinalizationRegistry<() => Promise<void>>((release) => {
  release().catch(() => {}); // nobody is there to be told
});

/** An open file or sharded checkpoint, of which only headers have been read. */
export class OpenedCheckpoint {
  readonly #contents: CheckpointContents;
  #metadata: Readonly<Record<string, string>> | undefined;
  #names: readonly string[] | undefined;
  #byName: ReadonlyMap<string, FileTensor> | undefined;
  #searches = 0;
  #closed: Promise<void> | undefined;

  /** @internal */
  constructor(contents: CheckpointContents) {
    this.#contents = contents;
    forgotten.register(this, contents.release, this);
  }

  /** @internal */
  protected get contents(): CheckpointContents {
    return this.#contents;
  }

  /** The strings under `__metadata__`; of a sharded checkpoint, those of the index and of all its files. */
  get metadata(): Readonly<Record<string, string>> {
    this.#metadata ??= this.#contents.metadata();
    return this.#metadata;
  }

  /** The names of all tensors, in the order of their data. */
  get names(): readonly string[] {
    this.#names ??= this.#contents.tensors.map(({ name }) => name);
    return this.#names;
  }

  /** Whether the file has a tensor of this name. */
  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** Closes what was opened for it, once. Tensors that have been read stay. */
  close(): Promise<void> {
    forgotten.unregister(this);
    this.#closed ??= this.#contents.release();
    return this.#closed;
  }

  /** @internal All tensors that are there. */
  get present(): readonly FileTensor[] {
    return this.#contents.tensors;
  }

  /**
   * The tensors that the index of a sharded checkpoint lists and that are missing from their file: name → file name.
   * They are not among {@link OpenedCheckpoint.names}; whatever would read one throws `InvalidIndex`.
   */
  get missing(): ReadonlyMap<string, string> {
    return this.#contents.missing ?? new Map();
  }

  /**
   * Other names of tensors: files that safetensors' `save_model` writes store tied weights once and say in the metadata
   * which names stand for which tensor. Alias → name of the stored tensor.
   */
  get aliases(): ReadonlyMap<string, string> {
    return findAliases(this.metadata, (name) => this.has(name));
  }

  /** @internal The tensor of this name, if there is one. */
  find(name: string): FileTensor | undefined {
    const { tensors } = this.#contents;
    if (this.#searches++ < MAX_SEARCHES) return tensors.find((tensor) => tensor.name === name);
    this.#byName ??= new Map(tensors.map((tensor) => [tensor.name, tensor]));
    return this.#byName.get(name);
  }

  /** @internal The tensor of this name; throws `TensorNotFound`. */
  locate(name: string): FileTensor {
    const found = this.find(name);
    if (found !== undefined) return found;
    if (typeof name !== "string") throw invalidArgument("name", "a string", name);
    this.requireNone(this.missing.has(name) ? [name] : []);
    throw new Pytree2SafetensorsError("TensorNotFound", this.#notFound(name), {
      tensor: name,
      expected: "the name of a tensor in the file",
      found: quote(name),
    });
  }

  /** @internal Throws for the first of these names, all of which the shards lack. */
  requireNone(missing: Iterable<string>): void {
    const faults = Array.from(missing, (name) => missingTensor(name, this.missing.get(name)!));
    const [first] = faults;
    if (first === undefined) return;
    const { code, message, ...details } = first;
    if (faults.length === 1) throw new Pytree2SafetensorsError(code, message, details);
    const more = ` (and ${faults.length - 1} more, see "faults")`;
    throw new Pytree2SafetensorsError(code, message + more, { ...details, faults });
  }

  #notFound(name: string): string {
    const plain = stripKinds(name);
    const isNear = (other: string) =>
      other.includes(name) || name.includes(other) || stripKinds(other) === plain;
    const close = this.names.filter(isNear).slice(0, 3);
    const hint = close.length > 0 ? `; near it: ${close.map((other) => quote(other)).join(", ")}` : "";
    return `there is no tensor ${quote(name)} among the ${this.names.length} of the file${hint}`;
  }
}

/** What is wrong with reading a tensor that the index lists in a file that does not hold it. */
function missingTensor(name: string, file: string): Fault {
  const message = `the index says that the tensor ${quote(name)} is in the shard ${quote(file)}, but it is not there; is the shard from another checkpoint?`;
  return { code: "InvalidIndex", message, tensor: name, expected: file };
}
