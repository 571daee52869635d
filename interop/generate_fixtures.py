"""Writes the golden files: what the Python package saves, and what is in it.

    python interop/generate_fixtures.py [FOLDER]      default: test/fixtures/python

For each kind of tree `name.safetensors`, written by `save_pytree`, and `name.json`:

    about     what the case shows
    leaves, tree     the tree that was saved (see trees.py)
    loaded    the tree that Python's `load_pytree` makes of the file: {"tree": node} or {"error": message}
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

from pytree2safetensors import save_pytree  # noqa: E402

from kinds import kinds  # noqa: E402
from trees import describe, describe_loaded  # noqa: E402

SEED = 20
GOLDEN = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "python"


def file_order(path: Path) -> list[str]:
    """The names in a file in the order of its header."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return [name for name in header if name != "__metadata__"]


def write_case(folder: Path, name: str, about: str, tree) -> None:
    """Saves one tree with the package and writes down what is in the file."""
    path = folder / f"{name}.safetensors"
    save_pytree(tree, str(path))
    written = describe(tree)
    numbers = {leaf["key"]: number for number, leaf in enumerate(written["leaves"])}
    loaded = describe_loaded([(numbers[key], key) for key in file_order(path)])
    lines = ",\n    ".join(json.dumps(leaf) for leaf in written["leaves"])
    (folder / f"{name}.json").write_text(
        "{\n"
        f'  "about": {json.dumps(about)},\n'
        f'  "leaves": [\n    {lines}\n  ],\n'
        f'  "tree": {json.dumps(written["tree"])},\n'
        f'  "loaded": {json.dumps(loaded)}\n'
        "}\n"
    )


def generate(folder: Path, seed: int = SEED) -> int:
    """Writes a file and its description for each kind of tree; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, about, tree in kinds(seed):
        write_case(folder, name, about, tree)
        count += 1
    return count


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    for old in [*folder.glob("*.safetensors"), *folder.glob("*.json")]:
        old.unlink()
    print(f"{generate(folder)} golden files in {folder}")
