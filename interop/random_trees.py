"""Random trees with hostile names, from a seed."""

from collections import namedtuple

import jax.numpy as jnp
import numpy as np

from trees import DTYPES, Attributes, random_array

# Separators make key strings that read as other paths, collide with each other or look like indices; the
# others are names that some language or format treats in a special way. No long run of digits: Python's reader
# would fill the list up to that index.
ATOMS = [
    *["a", "b", "c", "weight", "layers", "k\u00e9", "\U0001f600", "\uff5e", "\ue000", "日本", "e\u0301"],
    *["", ".", "@", "#", "..", "#0", "#1", ".a", "@a", "a.b", "a@b", "a#0", "a.", "#-1", "#01", "#x"],
    *["0", "1", "2", "10", "-1", "01", "1.5"],
    *[
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "__metadata__",
        "pytree2safetensors",
        "dtype",
    ],
    *[" ", '"', "\\", "\0", "\n", "\x1f", "\x7f", "\u2028", "a" * 300],
]
PLAIN = 5  # the first so many atoms are ordinary names

NAMED = [
    namedtuple("Pair", ["first", "second"]),
    namedtuple("Single", ["only"]),
    namedtuple("State", ["count", "mu", "nu"]),
    namedtuple("Empty", []),
]
CONTAINERS = ["dict", "list", "attributes", "tuple", "named"]


class Draw:
    """Draws one tree. Half of the trees are plain, so that they come back from their key strings: no tuples, no
    `None`, no empty containers, no scalars; their names may be odd but have no separators."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.plain = self.rng.random() < 0.5
        self.scalars = not self.plain and self.rng.random() < 0.2
        self.none = 0 if self.plain else self.rng.choice([0.0, 0.2])
        # Few dtypes make the order of names matter, which counts among tensors of one dtype only.
        few = self.rng.choice(list(DTYPES), size=self.rng.integers(1, 3)).tolist()
        self.dtypes = few if self.rng.random() < 0.7 else list(DTYPES)
        hostile = self.rng.random() < 0.7
        # Few names a tree, so that key strings collide now and then.
        self.pool = [self.new_name(hostile) for _ in range(self.rng.integers(2, 9))]

    def new_name(self, hostile: bool) -> str:
        if not hostile:
            return ATOMS[self.rng.integers(PLAIN)]
        name = "".join(ATOMS[self.rng.integers(len(ATOMS))] for _ in range(self.rng.integers(1, 3)))
        return "".join(char for char in name if char not in ".@#") if self.plain else name

    def names(self) -> list[str]:
        fewest = 1 if self.plain or self.rng.random() < 0.9 else 0
        picked = [self.pool[self.rng.integers(len(self.pool))] for _ in range(self.rng.integers(fewest, 6))]
        if not self.plain and len(picked) > 1 and self.rng.random() < 0.2:
            picked[0] = ".@#"[self.rng.integers(3)].join(picked[:2])
        return list(dict.fromkeys(picked))

    def leaf(self):
        if self.rng.random() < self.none:
            return None
        if self.scalars and self.rng.random() < 0.3:
            integer = int(self.rng.integers(-(2**63), 2**63 - 1))
            return [0.5, -0.0, float("inf"), integer, 0, True, False][self.rng.integers(7)]
        dtype = self.dtypes[self.rng.integers(len(self.dtypes))]
        shape = tuple(
            self.rng.choice([0, 1, 2, 3], p=[0.05, 0.35, 0.4, 0.2], size=self.rng.integers(0, 4)).tolist()
        )
        array = random_array(self.rng, dtype, shape)
        return jnp.asarray(array) if self.rng.random() < 0.1 else array

    def items(self, depth: int) -> list:
        fewest = 1 if self.plain or self.rng.random() < 0.9 else 0
        return [self.node(depth - 1) for _ in range(self.rng.integers(fewest, 5))]

    def node(self, depth: int):
        if depth == 0 or self.rng.random() < 0.35:
            return self.leaf()
        return self.container(depth)

    def container(self, depth: int):
        kind = CONTAINERS[self.rng.integers(3 if self.plain else len(CONTAINERS))]
        if kind in ("dict", "attributes"):
            items = {name: self.node(depth - 1) for name in self.names()}
            if not self.plain and self.rng.random() < 0.05:
                # Two leaves with one key string: `@x@y` is x's y and also the leaf of the name `x@y`.
                items.update({"x": {"y": self.leaf()}, "x@y": self.leaf()})
            return items if kind == "dict" else Attributes(items)
        if kind == "list":
            return self.items(depth)
        if kind == "tuple":
            return tuple(self.items(depth))
        named = NAMED[self.rng.integers(len(NAMED))]
        return named(*[self.node(depth - 1) for _ in named._fields])


def random_tree(seed: int, number: int):
    """Tree `number` of the stream `seed`."""
    draw = Draw([seed, number])
    if draw.rng.random() < 0.02:
        return draw.leaf()
    return draw.container(int(draw.rng.integers(1, 5)))
