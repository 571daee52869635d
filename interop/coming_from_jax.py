"""What README.md, "Coming from JAX", says of three kinds of models: what fails, the line that works, the way back.

    python interop/coming_from_jax.py write|read FOLDER

JavaScript doubles every weight in between (coming-from-jax.ts).
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from flax import nnx  # noqa: E402
from jax.tree_util import keystr, tree_leaves_with_path, tree_map_with_path  # noqa: E402
from pytree2safetensors import load_into_pytree, save_pytree  # noqa: E402
from safetensors.flax import load_file, save_file  # noqa: E402

from check import Check  # noqa: E402


class Dropping(nnx.Module):
    """A module with a PRNG key."""

    def __init__(self, rngs):
        self.linear = nnx.Linear(2, 3, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


class Listing(nnx.Module):
    """A module with a list."""

    def __init__(self, rngs):
        self.layers = nnx.List([nnx.Linear(2, 2, rngs=rngs) for _ in range(2)])


def models(seed):
    return (
        eqx.nn.MLP(3, 2, 4, 2, key=jax.random.key(seed)),
        Dropping(nnx.Rngs(seed)),
        Listing(nnx.Rngs(seed)),
    )


def without_keys(model):
    return nnx.to_pure_dict(nnx.state(model, nnx.Not(nnx.RngState)))


def write(folder):
    check = Check("Coming from JAX: what fails in Python, and the line that works")
    equinox, dropping, listing = models(0)

    def fails(expected, tree):
        try:
            save_pytree(tree, str(folder / "fails.safetensors"))
        except Exception as error:  # noqa: BLE001
            check.expect(expected in str(error), f"{expected!r} is not in {error!r}")
        else:
            check.expect(False, f"it saves what failed with {expected!r}")
        check.count("failures")

    params = nnx.to_pure_dict(nnx.state(listing, nnx.Param))
    fails('Unknown dtype "object"', equinox)
    fails("JAX array with PRNGKey dtype cannot be converted to a NumPy array", nnx.state(dropping))
    fails("sequence item 3: expected str instance, int found", params)

    save_pytree(eqx.filter(equinox, eqx.is_array), str(folder / "equinox.safetensors"))
    save_pytree(without_keys(dropping), str(folder / "nnx.safetensors"))
    named = {keystr(path, simple=True, separator="."): leaf for path, leaf in tree_leaves_with_path(params)}
    save_file(named, str(folder / "nnx-list.safetensors"))
    check.close()


def read(folder):
    check = Check("Coming from JAX: the way back")
    file = {name: str(folder / f"{name}-doubled.safetensors") for name in ("equinox", "nnx", "nnx-list")}
    # Other weights, so that nothing but the files can make them equal.
    equinox, dropping, listing = models(1)
    equinox = load_into_pytree(equinox, file["equinox"])
    nnx.update(dropping, load_into_pytree(without_keys(dropping), file["nnx"]))
    loaded = load_file(file["nnx-list"])
    template = nnx.to_pure_dict(nnx.state(listing, nnx.Param))
    nnx.update(
        listing,
        tree_map_with_path(lambda path, _: loaded[keystr(path, simple=True, separator=".")], template),
    )
    originals = models(0)
    pairs = [
        ("Equinox", eqx.filter(equinox, eqx.is_array), eqx.filter(originals[0], eqx.is_array)),
        ("NNX", without_keys(dropping), without_keys(originals[1])),
        ("NNX with a list", without_keys(listing), without_keys(originals[2])),
    ]
    for name, found, original in pairs:
        same = jax.tree.map(lambda a, b: bool(jnp.array_equal(a, 2 * b)), found, original)
        check.expect(all(jax.tree.leaves(same)), f"{name}: the weights are not those that were doubled")
        check.count("models")
    check.close()


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
    sys.exit(1 if Check.failed else 0)
