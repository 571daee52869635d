"""Writes the golden files: what the Python package saves, and what is in it.

    python interop/generate_fixtures.py [FOLDER]      default: test/fixtures/python

For each kind of tree `name.safetensors`, written by `save_pytree`, and `name.json`: what the case shows, under
"about", and the described tree (see trees.py).
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_ENABLE_X64", "1")

from pytree2safetensors import save_pytree  # noqa: E402

from kinds import kinds  # noqa: E402
from trees import describe  # noqa: E402

SEED = 20
GOLDEN = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "python"


def write_case(folder: Path, name: str, about: str, tree) -> None:
    """Saves one tree with the package and writes down what is in the file."""
    save_pytree(tree, str(folder / f"{name}.safetensors"))
    described = describe(tree)
    leaves = ",\n    ".join(json.dumps(leaf) for leaf in described.pop("leaves"))
    rest = ",\n".join(f"  {json.dumps(field)}: {json.dumps(value)}" for field, value in described.items())
    text = f'{{\n  "about": {json.dumps(about)},\n  "leaves": [\n    {leaves}\n  ],\n{rest}\n}}\n'
    (folder / f"{name}.json").write_text(text)


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
