"""The Python side of the benchmark: does jobs that it is told of, one JSON line each, and says how long they took.

Process start, imports and the making of arguments are not in the times; arrays are waited for.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import equinox as eqx  # noqa: E402
import flax  # noqa: E402
import flax.serialization  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import pytree2safetensors as p2s  # noqa: E402
import safetensors  # noqa: E402
import safetensors.numpy  # noqa: E402
from importlib.metadata import version  # noqa: E402

# Trees that a job needs besides its file, by path: made once, outside the time.
trees = {}
# Orbax's managers, by folder.
managers = {}


def tree_of(path):
    """The tree of a safetensors file, as JAX arrays."""
    if path not in trees:
        trees.clear()
        trees[path] = jax.block_until_ready(p2s.load_pytree(path))
    return trees[path]


def shaped(count):
    """A tree of lists and dicts with about `count` leaves, 16 for each layer."""
    key = f"shaped {count}"
    if key not in trees:
        trees.clear()
        leaf = np.ones(1, np.float32)
        pair = lambda one, other: {one: leaf, other: leaf}  # noqa: E731
        layer = lambda: {  # noqa: E731
            "attention": {name: pair("w", "b") for name in "qkvo"},
            "mlp": {name: pair("w", "b") for name in ("up", "down")},
            "norm1": pair("scale", "bias"),
            "norm2": pair("scale", "bias"),
        }
        tree = {"layers": [layer() for _ in range(count // 16)]}
        trees[key] = tree, p2s.pytree2dict(tree)
    return trees[key]


def replaced(path, write):
    """Times a write to a fresh file, which is removed."""
    Path(path).unlink(missing_ok=True)
    start = time.perf_counter()
    write()
    seconds = time.perf_counter() - start
    Path(path).unlink()
    return seconds


def timed(job):
    gc.collect()
    start = time.perf_counter()
    result = job()
    jax.block_until_ready(result)
    return time.perf_counter() - start


def load_numpy(path):
    return timed(lambda: safetensors.numpy.load_file(path))


def load_pytree(path):
    return timed(lambda: p2s.load_pytree(path))


def load_into_pytree(path):
    tree = tree_of(path)
    return timed(lambda: p2s.load_into_pytree(tree, path))


def load_equinox(path):
    tree = tree_of(path)
    other = path + ".eqx"
    if not Path(other).exists():
        eqx.tree_serialise_leaves(other, tree)
        Path(other).read_bytes()
    return timed(lambda: eqx.tree_deserialise_leaves(other, tree))


def load_flax(path):
    tree = tree_of(path)
    other = path + ".msgpack"
    if not Path(other).exists():
        Path(other).write_bytes(flax.serialization.to_bytes(tree))
        Path(other).read_bytes()
    return timed(lambda: flax.serialization.from_bytes(tree, Path(other).read_bytes()))


def save_numpy(path, target):
    arrays = jax.tree.map(np.asarray, p2s.pytree2dict(tree_of(path)))
    return replaced(target, lambda: safetensors.numpy.save_file(arrays, target))


def save_pytree(path, target):
    tree = tree_of(path)
    return replaced(target, lambda: p2s.save_pytree(tree, target))


def save_equinox(path, target):
    tree = tree_of(path)
    return replaced(target, lambda: eqx.tree_serialise_leaves(target, tree))


def save_flax(path, target):
    tree = tree_of(path)
    return replaced(target, lambda: Path(target).write_bytes(flax.serialization.to_bytes(tree)))


def orbax_manager(folder):
    import orbax.checkpoint as ocp

    if folder not in managers:
        managers[folder] = ocp.CheckpointManager(folder, options=ocp.CheckpointManagerOptions(max_to_keep=1))
    return managers[folder], ocp


def orbax_save(path, folder):
    """What an asynchronous save blocks the program."""
    return orbax_timed(path, folder, lambda manager: None)


def orbax_save_whole(path, folder):
    """What it takes until the checkpoint is written."""
    return orbax_timed(path, folder, lambda manager: manager.wait_until_finished())


def orbax_timed(path, folder, then):
    tree = tree_of(path)
    manager, ocp = orbax_manager(folder)
    step = (manager.latest_step() or 0) + 1
    gc.collect()
    start = time.perf_counter()
    manager.save(step, args=ocp.args.StandardSave(tree), force=True)
    then(manager)
    seconds = time.perf_counter() - start
    manager.wait_until_finished()
    return seconds


def open_header(path):
    return timed(lambda: safetensors.safe_open(path, "np").keys())


def flatten(count):
    tree, _ = shaped(count)
    return timed(lambda: p2s.pytree2dict(tree))


def build(count):
    _, flat = shaped(count)
    return timed(lambda: p2s.dict2pytree(flat))


def set_weights(count):
    tree, flat = shaped(count)
    return timed(lambda: p2s.set_weights(tree, flat))


def cast(dtype, count):
    """What `astype` takes in NumPy with ml_dtypes, to float32 and fresh memory."""
    import ml_dtypes

    source = np.zeros(count, np.dtype(getattr(ml_dtypes, dtype, dtype)))
    return timed(lambda: source.astype(np.float32))


def cast_into(dtype, count, narrowing):
    """What `copyto` takes into memory that is there: from float32 if `narrowing`, to it otherwise."""
    import ml_dtypes

    key = f"weights {count}"
    if key not in trees:
        trees.clear()
        trees[key] = np.random.default_rng(0).normal(0, 0.02, count).astype(np.float32), np.ones(count, np.float32)
    floats, target = trees[key]
    codes = floats.astype(np.dtype(getattr(ml_dtypes, dtype, dtype)))
    source, target = (floats, codes) if narrowing else (codes, target)
    with np.errstate(all="ignore"):
        np.copyto(target, source, casting="unsafe")
        return timed(lambda: np.copyto(target, source, casting="unsafe"))


def stats_numpy(path):
    """Least, greatest, mean, deviation and histogram of each tensor, as `p2s stats` has them."""

    def job():
        with safetensors.safe_open(path, "np") as file:
            for name in file.keys():
                x = file.get_tensor(name)
                x.min(), x.max(), x.mean(), x.std(), np.histogram(x, bins=24)

    return timed(job)


def diff_numpy(path, other):
    """How far the values of two files differ, in the figures of `p2s diff`."""

    def job():
        with safetensors.safe_open(path, "np") as one, safetensors.safe_open(other, "np") as two:
            for name in one.keys():
                x, y = one.get_tensor(name).ravel(), two.get_tensor(name).ravel()
                size = np.abs(x - y)
                size.max(), np.count_nonzero(size)
                np.nanmax(size / np.maximum(np.abs(x), np.abs(y)))
                np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y))
                order = [np.where(v.view("i4") < 0, -(v.view("i4") & 0x7FFFFFFF), v.view("i4")) for v in (x, y)]
                np.abs(order[0].astype("i8") - order[1]).max()

    return timed(job)


def convert_numpy(path, target, flush=False):
    """A loop over `safe_open` that casts to bfloat16 and saves; with `flush`, until the disk has it."""
    import ml_dtypes

    def write():
        with safetensors.safe_open(path, "np") as file:
            safetensors.numpy.save_file(
                {name: file.get_tensor(name).astype(ml_dtypes.bfloat16) for name in file.keys()}, target
            )
        if flush:
            with open(target, "rb+") as written:
                os.fsync(written.fileno())

    return replaced(target, write)


JOBS = {
    job.__name__: job
    for job in (
        load_numpy,
        load_pytree,
        load_into_pytree,
        load_equinox,
        load_flax,
        save_numpy,
        save_pytree,
        save_equinox,
        save_flax,
        orbax_save,
        orbax_save_whole,
        open_header,
        flatten,
        build,
        set_weights,
        cast,
        cast_into,
        stats_numpy,
        diff_numpy,
        convert_numpy,
    )
}


def main():
    names = ("pytree2safetensors", "safetensors", "jax", "equinox", "flax", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    python = ".".join(map(str, sys.version_info[:3]))
    # Whatever the libraries print goes elsewhere: the answers are alone on standard output.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"versions": f"Python {python}, {versions}"}), file=answers)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer = {"seconds": JOBS[name](*arguments)}
        except Exception as error:  # noqa: BLE001: said to the one who asked
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
