"""Writes percentiles.json: numpy's percentiles of arrays of several dtypes, computed in float64.

Run with numpy 2.4 from this folder, then `npx biome format --write test/cli/*.json`.
"""

import json

import numpy as np

rng = np.random.default_rng(3)
PERCENTS = [0, 1, 5, 25, 37.5, 50, 75, 95, 99, 99.9, 100]
ARRAYS = {
    "F32": [rng.normal(size=17).astype(np.float32), np.float32([1.5]), rng.normal(size=64).astype(np.float32) * 1e-6],
    "F64": [rng.normal(size=33) * 1e100, np.float64([-1, 1])],
    "I32": [rng.integers(-(2**31), 2**31 - 1, size=21).astype(np.int32)],
    "U8": [rng.integers(0, 255, size=40).astype(np.uint8)],
}

with open("percentiles.json", "w") as file:
    json.dump(
        [
            {
                "dtype": dtype,
                "values": array.tolist(),
                "percents": PERCENTS,
                "expected": np.percentile(array.astype(np.float64), PERCENTS).tolist(),
            }
            for dtype, arrays in ARRAYS.items()
            for array in arrays
        ],
        file,
    )
