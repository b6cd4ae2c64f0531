"""Operands of test cases: what they are, in words that cases.jsonl holds, and their elements, computed from a counter.

Every element is a function of a seed and its index, in integer and float64 arithmetic that is the same in Python and in
JavaScript, so that operands are never stored: `operands.ts` beside this file computes the same bits. Elements have eight
significant bits or fewer unless said otherwise, so they are the same numbers in float32, float16 and bfloat16.
"""

import math

import numpy as np


def bits(seed, count):
    """`count` hashes of 32 bits: two rounds of a multiply-and-shift mixer over seed and index."""
    with np.errstate(over="ignore"):
        x = np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x9E3779B1)
        x ^= np.uint32(seed)
        for multiplier in (0x7FEB352D, 0x846CA68B):
            x ^= x >> np.uint32(16)
            x *= np.uint32(multiplier)
            x ^= x >> np.uint32(15)
    return x


def round_to_bfloat16(x):
    """Rounded to float32, then to its upper half, to nearest even each."""
    b = np.asarray(x, dtype=np.float32).view(np.uint32)
    b = (b + np.uint32(0x7FFF) + ((b >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return b.view(np.float32).astype(np.float64)


def elements(operand, seed):
    """The elements of an operand as float64 (whole numbers and booleans too)."""
    shape = operand["shape"]
    count = math.prod(shape)
    kind = operand["kind"]
    if kind == "values":
        x = np.array([float(v) for v in operand["values"]], dtype=np.float64)
    elif kind == "distinct":
        # The ranks of hashes are a permutation: no two elements are equal, none nearer than `step`.
        ranks = np.empty(count, dtype=np.int64)
        ranks[np.lexsort((np.arange(count), bits(seed, count)))] = np.arange(count)
        step = 1.0
        while step * count > 4:
            step /= 2
        x = (ranks - count // 2) * step
    else:
        u = bits(seed, count) / 2**32
        low, high = operand["low"], operand["high"]
        if kind == "float":
            x = round_to_bfloat16(low + (high - low) * u)
            for point in operand.get("away", []):
                near = np.abs(x - point) < 0.125
                x = np.where(near, np.where(x < point, point - 0.125, point + 0.125), x)
        elif kind == "odd":
            # Odd multiples of `unit`: never on the whole numbers where interpolation has kinks.
            x = (2 * np.floor((low + (high - low) * u) / (2 * operand["unit"])) + 1) * operand["unit"]
        else:
            x = np.floor(low + (high - low) * u)
    return x.reshape(shape)


def _operand(kind, shape, dtype, grad, **rest):
    spec = {"kind": kind, "shape": list(shape), "dtype": dtype, **rest}
    if dtype == "float" and not grad:
        spec["grad"] = False
    return spec


def F(*shape, low=-2, high=2, away=None, grad=True):
    """Floats of [low, high), none nearer than 1/8 to the points in `away` (kinks)."""
    rest = {"away": away} if away is not None else {}
    return _operand("float", shape, "float", grad, low=low, high=high, **rest)


def D(*shape, grad=True):
    """Floats of which no two are equal, about -2 to 2."""
    return _operand("distinct", shape, "float", grad)


def O(*shape, low=-1, high=1, unit=1 / 16, grad=True):
    """Floats that are odd multiples of `unit`."""
    return _operand("odd", shape, "float", grad, low=low, high=high, unit=unit)


def I(*shape, low=-5, high=6, dtype="int64"):
    """Whole numbers of [low, high)."""
    return _operand("int", shape, dtype, False, low=low, high=high)


def B(*shape):
    """Booleans."""
    return _operand("int", shape, "bool", False, low=0, high=2)


def V(values, shape=None, dtype="float", grad=True):
    """The given values; "inf", "-inf" and "nan" as texts."""
    return _operand("values", shape if shape is not None else [len(values)], dtype, grad, values=values)


def N(value):
    """A plain number."""
    return {"kind": "number", "value": value}


NONE = {"kind": "none"}
