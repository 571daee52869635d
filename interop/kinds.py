"""The kinds of trees that people save: one of each, with arrays of random bits."""

from collections import namedtuple

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from trees import DTYPES, Attributes, random_array, refill

Point = namedtuple("Point", ["x", "y"])


class ConvNet(nn.Module):
    """A Linen module with parameters and running statistics."""

    @nn.compact
    def __call__(self, x):
        x = nn.Conv(3, (2, 2))(x)
        x = nn.BatchNorm(use_running_average=False)(x)
        x = nn.Dense(2)(x.reshape(x.shape[0], -1))
        return nn.LayerNorm()(x)


class NnxNet(nnx.Module):
    """An NNX module with parameters and running statistics."""

    def __init__(self, rngs):
        self.inner = nnx.Linear(3, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.outer = nnx.Linear(4, 2, rngs=rngs)


def mlp(seed: int, width: int = 4) -> eqx.nn.MLP:
    """The Equinox model of the checks, with true initial weights."""
    return eqx.nn.MLP(3, 2, width, 2, key=jax.random.key(seed), dtype=jnp.float32)


def kinds(seed: int):
    """Yields (name, what it shows, tree). The same seed gives the same bits everywhere."""
    rng = np.random.default_rng(seed)

    def array(dtype="float32", shape=(2,)):
        return jnp.asarray(random_array(rng, dtype, shape))

    def same_bits(tree):
        return refill(tree, rng)

    model = same_bits(eqx.filter(mlp(seed), eqx.is_array))
    yield "equinox-mlp", "eqx.filter(MLP, is_array): attributes and a tuple; what is no array is None", model

    yield "equinox-weights", "the same with its true initial weights, so that it can be run", eqx.filter(
        mlp(seed), eqx.is_array
    )

    image = jnp.ones((1, 3, 3, 1), jnp.float32)
    linen = same_bits(ConvNet().init(jax.random.key(seed), image))
    yield "flax-linen", "variables of a Linen module: dicts of dicts", linen

    nnx_net = NnxNet(nnx.Rngs(seed))
    yield "flax-nnx-state", "nnx.state: dicts whose leaves sit in variables, so keys end in .value", same_bits(
        nnx.state(nnx_net)
    )
    yield "flax-nnx-params", "nnx.split's parameters as pure dicts", same_bits(
        nnx.to_pure_dict(nnx.split(nnx_net, nnx.Param, ...)[1])
    )

    params = linen["params"]
    adam = same_bits(optax.adam(1e-3).init(params))
    yield "optax-adam", "a tuple of named tuples, one of them empty", adam
    yield "optax-chain", "a tuple of tuples of named tuples", same_bits(
        optax.chain(
            optax.clip_by_global_norm(1.0),
            optax.adamw(optax.cosine_decay_schedule(1e-3, 100)),
        ).init(params)
    )
    yield "optax-hyperparams", "inject_hyperparams: hyperparameters as 0-d arrays in a dict", same_bits(
        optax.inject_hyperparams(optax.adam)(learning_rate=1e-3).init(params)
    )
    yield "optax-partitioned", "partition: states in a dict inside a named tuple", same_bits(
        optax.partition(
            {"fast": optax.sgd(0.1, momentum=0.9), "slow": optax.adam(1e-3)},
            {"w": "fast", "v": "slow"},
        ).init({"w": array(), "v": array()})
    )
    yield "training-state", "model, optimizer, step and random key in one dict", {
        "model": model,
        "optimizer": same_bits(optax.adam(1e-3).init(model)),
        "step": array("int32", ()),
        "key": jax.random.key_data(jax.random.key(seed)),
        "scheduler": None,
    }

    yield "nested", "lists, tuples, dicts, named tuples and None in each other", {
        "list": [array(), [array("int32", (1, 2)), (array("bool", (3,)),)], {"deep": [{"er": array()}]}],
        "tuple": (array("uint8", (3,)), Point(array(), {"y": [array()]})),
        "point": Point(x=(array(),), y=None),
        "none": None,
    }
    yield "list-gaps", "None inside lists: a gap in the indices", [
        None,
        array(),
        [None, None, array()],
        array(),
    ]
    yield "long-list", "indices of more than one digit", [array("int8", (1,)) for _ in range(23)]
    yield "deep", "fifty lists and dicts inside each other", deep(50, array())
    yield "empty-parts", "empty containers and None leave nothing in the file", {
        "empty dict": {},
        "empty list": [],
        "empty tuple": (),
        "none": None,
        "list of none": [None, None],
        "trailing none": [array(), None],
        "kept": array(),
    }
    yield "empty-tree", "no leaves at all", {"nothing": [None, {}, ()]}
    yield "bare-leaf", "a tree that is one array: its key is the empty string", array("float32", (2, 2))

    yield "dtypes", "every dtype that the Python package writes", {
        dtype: array(dtype, (3, 5)) for dtype in DTYPES
    }
    yield "dtypes-0d", "0-d arrays of every dtype", {dtype: array(dtype, ()) for dtype in DTYPES}
    yield "dtypes-empty", "zero-size arrays of every dtype", {
        dtype: [array(dtype, (0,)), array(dtype, (2, 0, 3))] for dtype in DTYPES
    }
    yield "shapes", "many dimensions, ones among them", [
        array("bfloat16", (1,) * rank + (2,) * (rank % 3)) for rank in range(9)
    ]
    yield "odd-bytes", "sizes that leave wider types unaligned behind narrower ones", [
        array(dtype, (size,))
        for size in (1, 2, 3, 5, 7)
        for dtype in ("int8", "float16", "float32", "float64")
    ]
    yield "python-scalars", "a float, integers and booleans, which NumPy makes F64, I64 and BOOL", {
        "float": 0.1,
        "negative zero": -0.0,
        "int": 3,
        "big": 2**62 + 1,
        "negative": -5,
        "true": True,
        "false": False,
        "numpy": np.float32(1.5),
    }

    names = ["__proto__", "constructor", "toString", "hasOwnProperty", "__metadata__", "length", "then"]
    yield "prototype-keys", "names that mean something to JavaScript", {
        name: {"x": array()} for name in names
    }
    yield "prototype-attributes", "the same as attributes", Attributes(
        {name: Attributes({"x": array()}) for name in names if name != "length"}
    )
    yield "odd-keys", "the empty name, digits, white space, quotes, control characters", {
        name: array("int8", (1,))
        for name in [
            "",
            "0",
            "1",
            "10",
            "2",
            "-1",
            "01",
            "1e3",
            " ",
            "a b",
            '"',
            "\\",
            "/",
            "\0",
            "\n",
            "\t\x1f",
            "\x7f",
        ]
    }
    # JavaScript's own order of strings puts U+1F600 before U+FF5E, Python's puts it after.
    yield "unicode-keys", "names beyond ASCII: sorted by code point", {
        name: array("int8", (1,))
        for name in ["\U0001f600", "\uff5e", "é", "e\u0301", "z", "日本", "\u2028", "\ue000", "\ud7ff", "𝔘"]
    }
    yield "empty-names", "empty attribute names and dict keys", Attributes(
        {"a": {"": Attributes({"": array()})}, "b": Attributes({"": Attributes({"c": array()})})}
    )
    yield "separator-keys", "names that contain separators: written as they are, read as other paths", {
        "a.b": array(),
        "c@d": {"e": array()},
        "f#0": array(),
        "model.layers.0.weight": array(),
        "user@example.org": array(),
        "#5": array(),
    }


def deep(depth: int, leaf):
    tree = leaf
    for level in range(depth):
        tree = {"k": tree} if level % 2 else [tree]
    return tree
