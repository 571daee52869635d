"""Writes test/fixtures/floats/: what ml_dtypes and numpy make of every code and of float32 and float64 edges.

    python interop/generate_float_tables.py

Each file is gzipped, little-endian:
  <dtype>.decode.gz  for each code its float32 bits, u32, as the difference from the code before (modulo 2^32)
  <dtype>.encode.gz  u32 count, count x u32 float32 bits as such differences, then count codes (u16 for the
                     16-bit formats, else u8)
  doubles.json       float64 inputs (hex of their bits) that rounding by way of float32 gets wrong, and their codes
"""

import gzip
import json
import random
import struct
from fractions import Fraction
from pathlib import Path

import ml_dtypes
import numpy as np

OUT = Path(__file__).parent.parent / "test" / "fixtures" / "floats"

FORMATS = {
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E4M3": ml_dtypes.float8_e4m3fn,
    "F8_E8M0": ml_dtypes.float8_e8m0fnu,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz,
    "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "F4": ml_dtypes.float4_e2m1fn,
}
# The 16-bit formats have 2^16 ties: all those of some exponents, and a sample of the rest.
SAMPLE = {"F16": 2500, "BF16": 2500}


def codes_of(dtype):
    width = np.dtype(dtype).itemsize
    count = 16 if dtype is ml_dtypes.float4_e2m1fn else 1 << (8 * width)
    return np.arange(count, dtype=np.uint8 if width == 1 else np.uint16)


def decode(dtype):
    return codes_of(dtype).view(dtype).astype(np.float32).view(np.uint32)


def encode(dtype, bits):
    codes = bits.view(np.float32).astype(dtype)
    return codes.view(np.uint16 if codes.itemsize == 2 else np.uint8)


def inputs(name, dtype, rng):
    """Every code's value, every tie between neighbours, and the float32 next to each on both sides."""
    values = np.unique(decode(dtype).view(np.float32).astype(np.float64))
    values = values[np.isfinite(values) & (values >= 0)]
    top = values[-1]
    # Past the largest finite number: where the next would be, and the tie before it.
    values = np.append(values, [top + (top - values[-2]), 2 * top])
    if values[0] != 0:  # E8M0: halves of its smallest
        values = np.append([values[0] / 4, values[0] / 2], values)
    if name in SAMPLE:
        index = rng.choice(len(values) - 1, SAMPLE[name], replace=False)
        # whole exponents' ends, the subnormals' ends, both ends of the range
        edges = np.concatenate([np.arange(40), len(values) - 1 - np.arange(1, 40)])
        mantissa = 10 if name == "F16" else 7
        edges = np.append(edges, (np.arange(1, 30) << mantissa) + np.array([[-1], [0]]))
        index = np.unique(np.append(index, edges))
    else:
        index = np.arange(len(values) - 1)
    ties = (values[index] + values[index + 1]) / 2
    with np.errstate(over="ignore"):
        points = np.concatenate([values[index], ties]).astype(np.float32).view(np.uint32).astype(np.int64)
    around = (points[:, None] + np.array([-1, 0, 1])).ravel()
    special = [0, 1, 2, 0x007FFFFF, 0x00800000, 0x00800001, 0x00200000, 0x00400000, 0x00600000]
    special += [0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FBFFFFF, 0x7FC00000, 0x7FC12345, 0x7FFFFFFF]
    special += list(rng.integers(0, 0x7F800000, 500))
    magnitudes = np.append(around, special)
    magnitudes = magnitudes[(magnitudes >= 0) & (magnitudes < 2**31)]
    return np.unique(np.append(magnitudes, magnitudes + 2**31)).astype(np.uint32)


def nearest(dtype, exact, candidates):
    """The code of the nearest number, ties to the even one: by fractions, not by anyone's rounding."""
    # E8M0 has no mantissa, so its significands are all 1, odd, and every tie goes up.
    odd = (lambda c: -c) if dtype is ml_dtypes.float8_e8m0fnu else (lambda c: c & 1)
    return min(candidates, key=lambda c: (abs(candidates[c] - exact), odd(c)))


def doubles(dtype, random):
    """float64 just beside a tie, so near that float32 can't tell: ml_dtypes itself rounds these twice."""
    values = {int(c): float(v) for c, v in zip(codes_of(dtype), decode(dtype).view(np.float32))}
    values = {c: Fraction(v) for c, v in values.items() if np.isfinite(v) and v > 0}
    ordered = sorted(values, key=values.get)
    pairs = list(zip(ordered, ordered[1:]))
    cases = []
    for low, high in random.sample(pairs, min(40, len(pairs))):
        tie = float((values[low] + values[high]) / 2)
        for value in [tie, np.nextafter(tie, 0), np.nextafter(tie, np.inf), tie * (1 - 2**-40), tie * (1 + 2**-40)]:
            code = nearest(dtype, Fraction(value), {low: values[low], high: values[high]})
            cases.append([struct.pack(">d", value).hex(), code])
    return cases


def steps(bits):
    """Small numbers, which compress."""
    return np.diff(bits, prepend=np.uint32(0)).astype("<u4").tobytes()


def write(name, data):
    (OUT / name).write_bytes(gzip.compress(data, 9, mtime=0))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    beside_ties = {}
    for name, dtype in FORMATS.items():
        rng = np.random.default_rng(20)
        write(f"{name}.decode.gz", steps(decode(dtype)))
        with np.errstate(all="ignore"):
            bits = inputs(name, dtype, rng)
            codes = encode(dtype, bits)
        write(f"{name}.encode.gz", struct.pack("<I", len(bits)) + steps(bits) + codes.tobytes())
        beside_ties[name] = doubles(dtype, random.Random(20))
    (OUT / "doubles.json").write_text(json.dumps(beside_ties, separators=(",", ":")) + "\n")


main()
