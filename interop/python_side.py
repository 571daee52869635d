"""The Python half of the live checks; run.ts starts it twice.

    python interop/python_side.py write FOLDER --count N --seed S    before the JavaScript half
    python interop/python_side.py read FOLDER --seed S               after it

`write` saves trees and models for JavaScript to read, into FOLDER/python. `read` loads what JavaScript saved
into FOLDER/javascript. Checks print `pass NAME: counts` or `fail NAME: what`.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

import equinox as eqx  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import safetensors  # noqa: E402
from pytree2safetensors import (  # noqa: E402
    dict2pytree,
    load_file,
    load_into_pytree,
    load_pytree,
    pytree2dict,
    save_pytree,
)

import generate_fixtures  # noqa: E402
from check import Check  # noqa: E402
from kinds import kinds, mlp  # noqa: E402
from random_trees import random_tree  # noqa: E402
from trees import DTYPES, comparable, describe, describe_node, raw_bytes  # noqa: E402

# Python's reader has no NumPy type for these and fails, with its own files as with ours.
UNREADABLE = {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}
MODEL_WIDTH = 16


def same_bits(one, other) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and raw_bytes(one) == raw_bytes(other)


def stored(path):
    """Name → (dtype, shape, bytes), by the reference implementation and without NumPy."""
    entries = safetensors.deserialize(Path(path).read_bytes())
    return {name: (entry["dtype"], tuple(entry["shape"]), bytes(entry["data"])) for name, entry in entries}


def same_tree(one, other) -> bool:
    """Equal trees: containers, keys, dtypes, shapes, bits."""
    flat = [[], []]
    one, other = (
        comparable(describe_node(tree, lambda leaf, kept=kept: kept.append(leaf) or "leaf"))
        for tree, kept in zip((one, other), flat)
    )
    return one == other and all(map(same_bits, *flat))


# ---- write


def write_random(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    with open(folder / "trees.jsonl", "w") as lines:
        for number in range(count):
            tree = random_tree(seed, number)
            described = describe(tree)
            keys = [leaf["key"] for leaf in described["leaves"]]
            # This name makes a file that nobody can read: two entries of the header with one name.
            if "__metadata__" not in keys:
                save_pytree(tree, str(folder / f"{number}.safetensors"))
            described["keys"] = list(pytree2dict(tree))
            lines.write(json.dumps(described) + "\n")


def write(folder: Path, count: int, seed: int) -> None:
    generate_fixtures.generate(folder / "python" / "golden")
    generate_fixtures.generate(folder / "python" / "kinds", seed)
    save_pytree(
        eqx.filter(mlp(seed, MODEL_WIDTH), eqx.is_array), str(folder / "python" / "model.safetensors")
    )
    write_random(folder / "python" / "random", count, seed)


# ---- read


def check_kinds(folder: Path, seed: int) -> None:
    """Each kind of tree, saved by JavaScript: the reference reader and every function of the package see the
    same as in Python's own file."""
    bits = Check("JavaScript → Python, kinds of trees: stored bits")
    trees = Check("JavaScript → Python, kinds of trees: load_file, load_pytree, load_into_pytree")
    for name, _, tree in kinds(seed):
        ours, own = (
            str(folder / side / "kinds" / f"{name}.safetensors") for side in ("javascript", "python")
        )
        if not bits.expect(os.path.exists(ours), f"{name}: no file"):
            continue
        entries = stored(ours)
        bits.expect(entries == stored(own), f"{name}: differs from Python's file")
        expected = {
            key: (DTYPES[np.asarray(leaf).dtype.name], np.shape(leaf), raw_bytes(leaf))
            for key, leaf in pytree2dict(tree).items()
        }
        bits.expect(entries == expected, f"{name}: differs from the tree")
        bits.count("files")
        bits.count("tensors", len(entries))

        if UNREADABLE & {dtype for dtype, _, _ in entries.values()}:
            trees.count("left out: float8 (Python can't read its own)")
            continue
        dicts = [load_file(path) for path in (ours, own)]
        trees.expect(
            dicts[0].keys() == dicts[1].keys()
            and all(same_bits(dicts[0][key], dicts[1][key]) for key in dicts[1]),
            f"{name}: load_file differs",
        )
        trees.count("files")
        if "" in dicts[1]:
            trees.count("bare leaf (Python can't read its own)")
            continue
        trees.expect(same_tree(load_pytree(ours), load_pytree(own)), f"{name}: load_pytree differs")
        template = jax.tree.map(jnp.zeros_like, tree)
        filled = [load_into_pytree(template, path) for path in (ours, own)]
        trees.expect(same_tree(*filled), f"{name}: load_into_pytree differs from Python's file")
        if same_tree(filled[1], tree):
            trees.count("templates filled")
        else:
            trees.count("templates that Python fills in part (names with separators, scalars)")
    bits.close()
    trees.close()


def check_own_trees(folder: Path) -> None:
    """Trees made in JavaScript: what it says is in the files is what Python finds."""
    check = Check("JavaScript → Python, trees made in JavaScript")
    for description in sorted((folder / "javascript" / "own").glob("*.json")):
        expected = json.loads(description.read_text())
        path = str(description.with_suffix(".safetensors"))
        entries = stored(path)
        found = {key: [dtype, list(shape), data.hex()] for key, (dtype, shape, data) in entries.items()}
        check.expect(found == expected["tensors"], f"{description.stem}: stored bits differ")
        if not UNREADABLE & {dtype for dtype, _, _ in entries.values()}:
            tensors = load_file(path)
            names = {id(tensor): key for key, tensor in tensors.items()}
            node = describe_node(dict2pytree(tensors), lambda tensor: names[id(tensor)])
            check.expect(
                comparable(node) == comparable(expected["tree"]), f"{description.stem}: load_pytree differs"
            )
        check.count("files")
        check.count("tensors", len(entries))
    check.close()


def outputs(model) -> bytes:
    inputs = jnp.linspace(-2, 2, 15, dtype=jnp.float32).reshape(5, 3)
    return raw_bytes(jax.vmap(model)(inputs))


def blank(model):
    """The model with zeros for weights."""
    return jax.tree.map(lambda leaf: jnp.zeros_like(leaf) if eqx.is_array(leaf) else leaf, model)


def check_models(folder: Path, seed: int) -> None:
    """The Equinox model, saved by JavaScript from plain objects, computes the same, to the bit."""
    check = Check("JavaScript → Python, Equinox model from a plain-object tree: same output")
    model = mlp(seed, MODEL_WIDTH)
    for name in ("attrs", "like", "names"):
        loaded = load_into_pytree(blank(model), str(folder / "javascript" / f"model-{name}.safetensors"))
        check.expect(outputs(loaded) == outputs(model), f"{name}: another output")
        check.count("models")
    check.expect(outputs(blank(model)) != outputs(model), "blind: zero weights give the same output")
    check.close()


def check_trip(folder: Path, seed: int) -> None:
    """The Equinox model, its weights doubled in jax-js, computes what it does when they are doubled here."""
    check = Check("Python → jax-js → Python, Equinox model with doubled weights: expected output")
    model = mlp(seed, MODEL_WIDTH)
    doubled = jax.tree.map(lambda leaf: leaf * 2 if eqx.is_array(leaf) else leaf, model)
    loaded = load_into_pytree(blank(model), str(folder / "javascript" / "model-doubled.safetensors"))
    check.expect(outputs(loaded) == outputs(doubled), "another output than the model doubled in Python")
    check.expect(outputs(doubled) != outputs(model), "blind: doubling changes nothing")
    check.count("models")
    check.close()


def read(folder: Path, seed: int) -> int:
    checks = [
        lambda: check_kinds(folder, seed),
        lambda: check_own_trees(folder),
        lambda: check_models(folder, seed),
        lambda: check_trip(folder, seed),
    ]
    for check in checks:
        try:
            check()
        except Exception as error:
            Check.failed += 1
            print(f"fail Python side: {type(error).__name__}: {error}", flush=True)
    return 1 if Check.failed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("half", choices=["write", "read"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=2500)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    if options.half == "write":
        write(options.folder, options.count, options.seed)
    else:
        sys.exit(read(options.folder, options.seed))
