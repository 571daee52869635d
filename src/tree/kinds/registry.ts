import { invalidArgument, requireOptions } from "../../base/arguments.ts";
import { setOwn } from "../../base/dict.ts";
import { Pytree2SafetensorsError } from "../../base/errors.ts";
import { describeValue, quote } from "../../base/quote.ts";
import { GetAttrKey, type KeyEntry, keyOf } from "../keys/keypath.ts";
import { PyTreeContainer } from "./container.ts";
import type { Kind } from "./kind.ts";
import { OpaqueNode } from "./opaque.ts";

/** The children of a node with their keys, and whatever else `unflatten` needs. */
export type FlattenedNode = readonly [
  children: readonly (readonly [key: KeyEntry, child: unknown])[],
  aux?: unknown,
];

/** How to flatten and unflatten a class; see {@link registerPytreeNode}. */
export interface PytreeNodeOptions<T> {
  /** Returns the children with their keys, always in the same order, and static data (`aux`). */
  readonly flattenWithKeys: (node: T) => FlattenedNode;
  /** Makes a node from the `aux` of `flattenWithKeys` and children in the same order. */
  readonly unflatten: (aux: unknown, children: readonly unknown[]) => T;
  /**
   * The name of the class in files. With it, files store the class and its `aux` (which must then be JSON), and a program
   * that registered the same name loads the class again. Without it, the object loads as a {@link PyTreeContainer}. On
   * loading, the arguments of `unflatten` come from the file, so don't trust them.
   */
  readonly name?: string;
}

/** Options of {@link registerDataclass}. */
export interface DataclassOptions<T> {
  /** The properties that are children; by default all own enumerable properties that are not static. */
  readonly dataFields?: readonly (keyof T & string)[];
  /** The properties that are static. Every function keeps them as they are; they are never leaves. */
  readonly metaFields?: readonly (keyof T & string)[];
  /** The name of the class in files; see {@link PytreeNodeOptions}. */
  readonly name?: string;
}

/** A class that was registered. */
export interface Registration {
  readonly name: string | undefined;
  /** The class's own name, for messages only: minifiers change it. */
  readonly className: string;
  /** Set where `aux` is a dict of static properties. */
  readonly dataclass?: true;
  flatten(node: object): FlattenedNode;
  unflatten(aux: unknown, children: readonly unknown[], keys: readonly KeyEntry[], name?: string): unknown;
  /** Whether what a file says of an object fits the class as it is registered now, if more than the class can tell. */
  accepts?(aux: unknown, keys: readonly KeyEntry[]): boolean;
}

const FLATTENED = "[[[key, child], …], aux]";

/** A class that can be registered, whether it is abstract or not. */
export type PytreeClass<T extends object> = abstract new (...args: never[]) => T;

const byPrototype = new Map<object, Registration>();
const byName = new Map<string, Registration>();

/** The kinds of the prototypes that were met, `null` for leaves. Registering a class forgets its prototype. */
export const recognised = new WeakMap<object, Kind | null>();

/**
 * Registers a class as a pytree node, so that every function of this package descends into its instances. Subclasses are
 * not included.
 *
 * @throws `InvalidRegistration` if the class or the name is already registered.
 * @example
 * ```ts
 * class Pair {
 *   constructor(readonly left: unknown, readonly right: unknown) {}
 * }
 * registerPytreeNode(Pair, {
 *   flattenWithKeys: (pair) => [[[new GetAttrKey("left"), pair.left], [new GetAttrKey("right"), pair.right]]],
 *   unflatten: (_, [left, right]) => new Pair(left, right),
 *   name: "example.Pair",
 * });
 * ```
 */
export function registerPytreeNode<T extends object>(
  Class: PytreeClass<T>,
  options: PytreeNodeOptions<T>,
): void {
  requireOptions(options);
  const { flattenWithKeys, unflatten, name } = options;
  if (typeof flattenWithKeys !== "function" || typeof unflatten !== "function") {
    refuse(`${nameOf(Class)}: flattenWithKeys and unflatten must be functions`, "functions", options);
  }
  register(Class, {
    name,
    className: nameOf(Class),
    flatten(node) {
      const flat: unknown = flattenWithKeys(node as T);
      if (isFlattened(flat)) return flat;
      return refuse(`${nameOf(Class)}: flattenWithKeys must return ${FLATTENED}`, FLATTENED, flat);
    },
    unflatten,
  });
}

/**
 * Registers a class whose properties are its children, except static ones. Instances are restored with
 * `Object.create(Class.prototype)` and own properties. Constructors don't run.
 *
 * @throws `InvalidRegistration` if the class or the name is already registered, or if a field is both child and static.
 * @example
 * ```ts
 * class Linear {
 *   weight = new Float32Array(8);
 *   activation = "relu";
 * }
 * registerDataclass(Linear, { metaFields: ["activation"], name: "example.Linear" });
 * ```
 */
export function registerDataclass<T extends object>(
  Class: PytreeClass<T>,
  options: DataclassOptions<T> = {},
): void {
  requireOptions(options);
  const { dataFields, metaFields = [], name } = options;
  for (const [option, fields] of Object.entries({ dataFields, metaFields })) {
    if (fields === undefined || (Array.isArray(fields) && fields.every((one) => typeof one === "string")))
      continue;
    throw invalidArgument(option, "an array of property names", fields);
  }
  const meta = new Set<string>(metaFields);
  const data = dataFields && new Set<string>(dataFields);
  const twice = dataFields?.find((field) => meta.has(field));
  if (twice !== undefined) refuse(`${nameOf(Class)}: ${quote(twice)} is both a data and a meta field`);
  const read = (node: object, field: string): unknown => (node as Record<string, unknown>)[field];
  register(Class, {
    name,
    className: nameOf(Class),
    dataclass: true,
    flatten(node) {
      const fields: Iterable<string> = data ?? Object.keys(node).filter((field) => !meta.has(field));
      const aux: Record<string, unknown> = {};
      for (const field of meta) if (field in node) setOwn(aux, field, read(node, field));
      return [Array.from(fields, (field) => [new GetAttrKey(field), read(node, field)] as const), aux];
    },
    unflatten(aux, children, keys) {
      const node: object = Object.create(Class.prototype);
      for (let i = 0; i < keys.length; i++) defineField(node, String(keyOf(keys[i]!)), children[i]);
      for (const [field, value] of Object.entries(aux as object)) defineField(node, field, value);
      return node;
    },
    accepts(aux, keys) {
      if (typeof aux !== "object" || aux === null || Array.isArray(aux)) return false;
      if (!Object.keys(aux).every((field) => meta.has(field))) return false;
      if (!keys.every((key) => key.kind === "attr" && !meta.has(key.name))) return false;
      if (data === undefined) return true;
      return keys.length === data.size && keys.every((key) => data.has(String(keyOf(key))));
    },
  });
}

// Defined, never assigned: an accessor that the class has under that name must not run.
function defineField(node: object, name: string, value: unknown): void {
  Object.defineProperty(node, name, { value, writable: true, enumerable: true, configurable: true });
}

// Descending into these is this package's own business.
const BUILT_IN = new Set<object>([
  Object.prototype,
  Array.prototype,
  Map.prototype,
  PyTreeContainer.prototype,
  OpaqueNode.prototype,
]);

function register(Class: PytreeClass<object>, registration: Registration): void {
  const { name, className } = registration;
  const prototype: unknown = typeof Class === "function" ? Class.prototype : undefined;
  if (typeof prototype !== "object" || prototype === null) refuse("expected a class", "a class", Class);
  if (BUILT_IN.has(prototype)) refuse(`${className} is a container already`);
  if (byPrototype.has(prototype)) refuse(`the class ${className} is registered already`);
  if (name !== undefined && (typeof name !== "string" || name === "")) {
    refuse(`${className}: expected a name that is not empty`);
  }
  if (name !== undefined && byName.has(name)) refuse(`the name ${quote(name)} is taken by another class`);
  byPrototype.set(prototype, registration);
  recognised.delete(prototype);
  if (name !== undefined) byName.set(name, registration);
}

/** What `flattenWithKeys` gives is somebody's code: a mistake is named here rather than where it hurts. */
function isFlattened(flat: unknown): flat is FlattenedNode {
  if (!Array.isArray(flat) || !Array.isArray(flat[0])) return false;
  return flat[0].every((child) => Array.isArray(child) && child.length === 2);
}

function refuse(message: string, expected?: string, value?: unknown): never {
  const details = expected === undefined ? {} : { expected, found: describeValue(value) };
  throw new Pytree2SafetensorsError("InvalidRegistration", message, details);
}

function nameOf(Class: unknown): string {
  return (typeof Class === "function" && Class.name) || "the class";
}

/** The registration of the class whose `prototype` this is. */
export function getRegistration(prototype: object): Registration | undefined {
  return byPrototype.get(prototype);
}

/** The registration of the class that files call `name`. */
export function getRegistrationByName(name: string): Registration | undefined {
  return byName.get(name);
}
