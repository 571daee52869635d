"""Pytrees as plain JSON, so that the other language can build and compare the very same trees.

A described tree is

    leaves      [{"key", "dtype", "shape", "data"}...]: key string, the dtype as files spell it, base64 bytes
    tree        the tree as a node
    loaded      what the package's dict2pytree(pytree2dict(tree)) gives: {"tree": node} or {"error": message}
    comesBack   whether the two are equal trees of arrays, lists, dicts with string keys and attribute containers

and a node is

    null                                  None
    7                                     leaf number 7, an array
    {"float": 7} {"int": 7} {"bool": 7}   leaf number 7, a Python scalar
    {"dict": [[key, node]...]}            in JAX's order, sorted
    {"list": [node...]} {"tuple": [node...]}
    {"attrs": [[name, node]...], "class": name}   whatever has attribute keys: modules, named tuples
"""

import base64

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import DictKey, GetAttrKey
from pytree2safetensors import PyTreeContainer, dict2pytree, keypath2string

# JAX's names of the dtypes that safetensors' Python package can write, and how files spell them.
DTYPES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e8m0fnu": "F8_E8M0",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "int16": "I16",
    "uint16": "U16",
    "float16": "F16",
    "bfloat16": "BF16",
    "int32": "I32",
    "uint32": "U32",
    "float32": "F32",
    "complex64": "C64",
    "float64": "F64",
    "int64": "I64",
    "uint64": "U64",
}


@jax.tree_util.register_pytree_with_keys_class
class Attributes:
    """A node with attribute keys of any spelling. The package's own PyTreeContainer flattens without keys,
    so it can't be saved; this is its stand-in."""

    def __init__(self, items):
        self.items = dict(items)

    def tree_flatten_with_keys(self):
        return [(GetAttrKey(name), value) for name, value in self.items.items()], tuple(self.items)

    @classmethod
    def tree_unflatten(cls, names, values):
        return cls(zip(names, values))


def raw_bytes(array) -> bytes:
    return np.ascontiguousarray(np.asarray(array)).tobytes()


def random_array(rng: np.random.Generator, dtype: str, shape) -> np.ndarray:
    """Random bits, so NaNs of every kind, infinities and denormals among them."""
    count = int(np.prod(shape, dtype=np.int64))
    kind = jnp.dtype(dtype)
    if dtype == "bool":
        return rng.integers(0, 2, size=shape).astype(bool)
    bits = np.frombuffer(rng.bytes(count * kind.itemsize), dtype=np.uint8)
    return bits.view(kind).reshape(shape)


def refill(tree, rng: np.random.Generator):
    """The same tree with random bits in its arrays: the values that frameworks compute may differ in the last
    bit from machine to machine, and golden files must not."""
    return jax.tree.map(lambda leaf: jnp.asarray(random_array(rng, leaf.dtype.name, leaf.shape)), tree)


def children(node):
    """The (key entry, child) pairs of one node, or None for a leaf."""
    flat, _ = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda part: part is not node)
    if len(flat) == 1 and flat[0][0] == ():
        return None
    return [(path[0], child) for path, child in flat]


def describe_node(node, leaf_number):
    """The node as JSON; `leaf_number` is called with each leaf in JAX's order."""
    if node is None:
        return None
    if isinstance(node, PyTreeContainer):  # read, never written: it has no keys
        return {"attrs": [[name, describe_node(child, leaf_number)] for name, child in vars(node).items()]}
    pairs = children(node)
    if pairs is None:
        number = leaf_number(node)
        for scalar in (bool, int, float):
            if type(node) is scalar:
                return {scalar.__name__: number}
        return number
    if isinstance(node, (list, tuple)) and not hasattr(node, "_fields"):
        kind = "list" if isinstance(node, list) else "tuple"
        return {kind: [describe_node(child, leaf_number) for _, child in pairs]}
    if isinstance(node, dict) or (pairs and all(isinstance(key, DictKey) for key, _ in pairs)):
        return {"dict": [[key.key, describe_node(child, leaf_number)] for key, child in pairs]}
    if all(isinstance(key, GetAttrKey) for key, _ in pairs):
        attrs = [[key.name, describe_node(child, leaf_number)] for key, child in pairs]
        return {"attrs": attrs, "class": type(node).__name__}
    raise TypeError(f"no description for {type(node)} with keys {[key for key, _ in pairs]}")


def describe(tree):
    """The tree as JSON, as the package's `pytree2dict` sees it."""
    flat = jax.tree_util.tree_leaves_with_path(tree)
    leaves = []
    for path, leaf in flat:
        array = np.asarray(leaf)
        leaves.append(
            {
                "key": keypath2string(path),
                "dtype": DTYPES[array.dtype.name],
                "shape": list(array.shape),
                "data": base64.b64encode(raw_bytes(array)).decode(),
            }
        )
    numbers = iter(range(len(leaves)))
    node = describe_node(tree, lambda _: next(numbers))
    keys = [leaf["key"] for leaf in leaves]
    loaded = describe_loaded({key: number for number, key in enumerate(keys)})
    back = len(set(keys)) == len(keys) and comparable(loaded.get("tree", loaded)) == comparable(node)
    return {"leaves": leaves, "tree": node, "loaded": loaded, "comesBack": back}


class Mark:
    """Stands for a leaf while the package builds a tree."""

    def __init__(self, number):
        self.number = number


def describe_loaded(numbers):
    """What the package's `dict2pytree` builds from a dict of key string → leaf number, as a node, or the error
    that it fails with."""
    try:
        tree = dict2pytree({key: Mark(number) for key, number in numbers.items()})
    except Exception as error:  # whatever it throws is what a user would see
        return {"error": f"{type(error).__name__}: {error}".strip(": ")}
    return {"tree": describe_node(tree, lambda mark: mark.number)}


def comparable(node):
    """A node without what equality ignores: the order of names and the class of attribute nodes."""
    if not isinstance(node, dict):
        return node
    (kind, value), *_ = node.items()
    if kind in ("list", "tuple"):
        return {kind: [comparable(child) for child in value]}
    if kind in ("dict", "attrs"):
        return {kind: sorted(([name, comparable(child)] for name, child in value), key=lambda pair: pair[0])}
    return node
