"""Convolutions with every setting, and their transposes."""

import torch
import torch.nn.functional as T

from operands import F, NONE


def conv(fn):
    def call(x, w, b, o):
        return fn(x, w, b, o.get("stride", 1), o.get("padding", 0), o.get("dilation", 1), o.get("groups", 1))
    return call


def transposed(fn):
    def call(x, w, b, o):
        return fn(x, w, b, o.get("stride", 1), o.get("padding", 0), o.get("outputPadding", 0), o.get("groups", 1), o.get("dilation", 1))
    return call


def small(*shape):
    """Weights whose products stay small in half precision."""
    return F(*shape, low=-1, high=1)


CONV2D = [
    ((2, 3, 5, 6), (4, 3, 3, 3), 4, {}),
    ((2, 3, 5, 6), (4, 3, 3, 3), None, {"padding": 1}),
    ((1, 1, 3, 3), (1, 1, 3, 3), 1, {}),
    ((1, 1, 1, 1), (1, 1, 1, 1), None, {}),
    ((2, 2, 5, 5), (3, 2, 1, 1), 3, {}),
    ((1, 2, 7, 7), (2, 2, 3, 3), 2, {"stride": 2}),
    ((1, 2, 8, 7), (2, 2, 3, 3), None, {"stride": 2, "padding": 1}),
    ((1, 2, 7, 8), (2, 2, 3, 2), 2, {"stride": [2, 1], "padding": [1, 0]}),
    ((1, 2, 8, 8), (2, 2, 3, 3), 2, {"dilation": 2}),
    ((1, 2, 8, 9), (2, 2, 3, 3), None, {"dilation": [2, 1], "padding": [2, 1], "stride": [1, 3]}),
    ((2, 4, 5, 5), (6, 2, 3, 3), 6, {"groups": 2, "padding": 1}),
    ((1, 4, 5, 5), (4, 1, 3, 3), 4, {"groups": 4}),
    ((1, 4, 6, 6), (8, 1, 3, 3), None, {"groups": 4, "stride": 2, "padding": 1}),
    ((0, 3, 5, 5), (2, 3, 3, 3), 2, {"padding": 1}),
    ((1, 3, 9, 9), (2, 3, 5, 5), 2, {"stride": 3, "padding": 2}),
    ((1, 2, 6, 6), (3, 2, 1, 1), None, {"stride": 2}),
    # Small enough for second derivatives.
    ((1, 2, 3, 4), (2, 2, 2, 2), 2, {"padding": 1}),
    ((1, 1, 4, 4), (2, 1, 2, 2), 2, {"stride": 2}),
    ((1, 2, 3, 3), (2, 1, 2, 2), None, {"groups": 2}),
    ((1, 1, 5, 4), (2, 1, 2, 2), 2, {"dilation": 2}),
    # Channels that fill the blocks of the blocked layout (8 or 16), and that do not.
    ((2, 16, 4, 4), (16, 16, 3, 3), 16, {"padding": 1}),
    ((1, 16, 6, 6), (32, 16, 3, 3), None, {"padding": 1, "stride": 2}),
    ((1, 16, 4, 4), (32, 16, 1, 1), None, {"stride": 2}),
    ((1, 3, 6, 6), (16, 3, 3, 3), None, {"padding": 1}),
    ((1, 16, 4, 4), (10, 16, 1, 1), 10, {}),
    ((1, 32, 4, 4), (32, 1, 3, 3), None, {"groups": 32, "padding": 1}),
    ((1, 16, 5, 5), (16, 8, 3, 3), None, {"groups": 2, "dilation": 2, "padding": 2}),
]
CONV1D = [
    ((2, 3, 7), (4, 3, 3), 4, {}),
    ((2, 3, 7), (4, 3, 3), None, {"padding": 1, "stride": 2}),
    ((1, 1, 1), (1, 1, 1), 1, {}),
    ((1, 4, 9), (4, 2, 3), 4, {"groups": 2, "dilation": 2}),
    ((0, 2, 5), (3, 2, 3), 3, {}),
    ((1, 2, 5), (2, 2, 3), 2, {"padding": 1}),
    ((1, 16, 8), (16, 16, 3), 16, {"padding": 1}),
]
TRANSPOSED = [
    ((2, 3, 4, 5), (3, 2, 3, 3), 2, {}),
    ((1, 2, 4, 4), (2, 3, 3, 3), None, {"stride": 2, "padding": 1, "outputPadding": 1}),
    ((1, 2, 4, 3), (2, 3, 2, 2), 3, {"stride": 2}),
    ((1, 1, 1, 1), (1, 1, 1, 1), None, {}),
    ((1, 4, 3, 3), (4, 3, 3, 3), 6, {"groups": 2, "padding": 1}),
    ((1, 2, 3, 4), (2, 2, 3, 3), 2, {"dilation": 2, "stride": [1, 2], "outputPadding": [0, 1]}),
    ((0, 2, 3, 3), (2, 2, 3, 3), 2, {}),
    ((1, 2, 2, 2), (2, 2, 2, 2), 2, {"stride": 2}),
    ((1, 16, 3, 3), (16, 16, 2, 2), 16, {"stride": 2}),
]


def cases(rows):
    return [([F(*x, low=-1, high=1), small(*w), NONE if b is None else small(b)], o) for x, w, b, o in rows]


def activated(x, w, b, o):
    y = conv(T.conv2d)(x, w, b, o)
    return T.relu(y) if o.get("activation") == "relu" else y


RELU = [(*case, {"kink": True}) for case in cases([
    ((2, 3, 5, 5), (4, 3, 3, 3), 4, {"activation": "relu"}),
    ((2, 16, 4, 4), (16, 16, 3, 3), 16, {"activation": "relu", "padding": 1}),
])]

OPS = [
    ("conv2d", activated, cases(CONV2D) + RELU),
    ("conv1d", conv(T.conv1d), cases(CONV1D)),
    ("convTranspose2d", transposed(T.conv_transpose2d), cases(TRANSPOSED)),
]
