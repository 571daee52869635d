"""Writes numpy.json, ml-dtypes.json and numpy-corners.json: arrays of all kinds with what numpy's str makes of them.

Run with numpy 2.4 and ml_dtypes 0.5 from this folder, then `npx biome format --write test/cli/*.json`.
"""

import json

import ml_dtypes as ml
import numpy as np

NAMES = {"float32": "F32", "float64": "F64", "float16": "F16", "int32": "I32", "uint8": "U8", "bool": "BOOL", "complex64": "C64"}
f16, f32, f64 = np.float16, np.float32, np.float64
rng = np.random.default_rng(7)


def number(x):
    if isinstance(x, float) and not np.isfinite(x):
        return "nan" if np.isnan(x) else "inf" if x > 0 else "-inf"
    return x


def case(array):
    array = np.asarray(array)
    if array.dtype.kind == "c":
        elements = [[number(float(x.real)), number(float(x.imag))] for x in array.ravel()]
    else:
        elements = [number(x.item()) for x in array.ravel()]
    return {"dtype": NAMES[str(array.dtype)], "shape": list(array.shape), "elements": elements, "text": str(array)}


ARRAYS = [
    f32([0.1, 0.2, 0.3]), f32([1, 2, 3]), f32([1.5, 1e-5]), f32([1e6, 1]), f32([999999, 1000]), f32([0, 0]), f32([-0.0, 1]),
    f32([np.nan, 1, np.inf]), f32([-np.inf, 0.25]), f32([[1e-10, 1], [2, 3e10]]),
    f16([0.1, 1024, 0.015625]), f16([-10544]), f16([0.78125, 0.001]),
    f64([np.pi, np.e, 1 / 3]), f64([1e8, 1]), f64([99999999.0, 1e5]), f64([2**-9, 2**-30]), f64([5e-324, 1]),
    f32(rng.normal(size=(3, 4))), f32(rng.normal(size=(2, 3, 2))), f32(rng.normal(size=(2, 30))), f16(rng.normal(size=(12,))),
    f32(np.round(rng.normal(size=(20,)), 2)), f32(rng.normal(size=(1, 1, 1, 2))), np.zeros((2, 0), f32),
    np.int32(rng.integers(-1000, 1000, size=(3, 5))), np.uint8([[1, 20], [255, 3]]), rng.random((2, 3)) < 0.5, np.array(True),
    np.complex64([1 + 2j, -0.5 - 1e-3j, 3]), np.complex64([[1e-7 + 1j], [2 - 3j]]), np.arange(60, dtype=np.int32),
]  # fmt: skip
for i in range(40):
    shape = [(5,), (3, 4), (2, 2, 3)][rng.integers(3)]
    dtype = [f32, f64, f16][rng.integers(3)]
    scale = 10.0 ** rng.integers(-6, 6, size=shape if i % 2 else ())
    with np.errstate(all="ignore"):
        ARRAYS.append((rng.normal(size=shape) * scale).astype(dtype))

LARGE = [(2000,), (100, 40), (30, 5, 20), (3, 4, 5, 60)]

# The floats of ml_dtypes: every code of eight bits, and bfloat16 at all scales.
SMALL = {
    "BF16": ml.bfloat16, "F8_E5M2": ml.float8_e5m2, "F8_E4M3": ml.float8_e4m3fn, "F8_E8M0": ml.float8_e8m0fnu,
    "F8_E4M3FNUZ": ml.float8_e4m3fnuz, "F8_E5M2FNUZ": ml.float8_e5m2fnuz,
}  # fmt: skip


def small(name, array):
    elements = [number(float(x)) for x in array.ravel()]
    return {"dtype": name, "shape": list(array.shape), "elements": elements, "text": str(array)}


smalls = []
for name, dtype in SMALL.items():
    if name != "BF16":
        smalls.append(small(name, np.arange(256, dtype=np.uint8).view(dtype).reshape(16, 16)))
for scale in (1e-38, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e30):
    smalls.append(small("BF16", (rng.normal(size=(5, 6)) * scale).astype(ml.bfloat16)))
smalls.append(small("BF16", np.arange(0x3F80, 0x3F80 + 256, dtype=np.uint16).view(ml.bfloat16)))
smalls.append(small("BF16", np.array([np.nan, np.inf, -np.inf, -0.0, 0.0], dtype=ml.bfloat16)))
smalls.append(small("BF16", np.array(0.1, dtype=ml.bfloat16)))

with open("ml-dtypes.json", "w") as file:
    json.dump(smalls, file)
with open("numpy.json", "w") as file:
    json.dump([case(array) for array in ARRAYS], file)
with open("numpy-corners.json", "w") as file:
    json.dump([{"shape": list(s), "text": str(np.arange(np.prod(s), dtype=np.int32).reshape(s))} for s in LARGE], file)
