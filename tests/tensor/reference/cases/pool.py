"""Pooling, resizing, sampling along a grid."""

import torch.nn.functional as T

from operands import D, F, O, V


def max_pool(x, o):
    return T.max_pool2d(x, o["size"], o.get("stride"), o.get("padding", 0))


def avg_pool(x, o):
    return T.avg_pool2d(x, o["size"], o.get("stride"), o.get("padding", 0))


def resize(x, o):
    aligned = {} if o["mode"] == "nearest" else {"align_corners": o.get("alignCorners", False)}
    return T.interpolate(x, o.get("size"), o.get("scaleFactor"), o["mode"], **aligned)


def sample(x, grid, o):
    return T.grid_sample(x, grid, o.get("mode", "bilinear"), o.get("paddingMode", "zeros"), o.get("alignCorners", False))


OPS = [
    ("maxPool2d", max_pool, [
        ([D(2, 3, 4, 6)], {"size": 2}),
        ([D(1, 2, 5, 5)], {"size": 3, "stride": 2, "padding": 1}),
        ([D(1, 2, 5, 7)], {"size": [3, 2], "stride": [2, 1]}),
        ([D(1, 1, 1, 1)], {"size": 1}),
        ([D(0, 2, 4, 4)], {"size": 2}),
        ([D(1, 2, 4, 2)], {"size": 2}),
        ([D(1, 2, 3, 4)], {"size": 2, "stride": 1}),
        ([D(1, 16, 4, 4)], {"size": 2}),
        ([D(1, 16, 5, 5)], {"size": 3, "stride": 2, "padding": 1}),
        ([V([1, 1, 1, 1, 0, 0, 2, 2], [1, 1, 2, 4])], {"size": 2}, {"kink": True}),
        ([V([-3, -1, -2, -4], [1, 1, 2, 2])], {"size": 3, "padding": 1, "stride": 1}),
    ]),
    ("avgPool2d", avg_pool, [
        ([F(2, 3, 4, 6)], {"size": 2}),
        ([F(1, 2, 5, 5)], {"size": 3, "stride": 2, "padding": 1}),
        ([F(1, 2, 5, 7)], {"size": [3, 2], "stride": [2, 1]}),
        ([F(1, 1, 1, 1)], {"size": 1}),
        ([F(0, 2, 4, 4)], {"size": 2}),
        ([F(1, 2, 4, 2)], {"size": 2}),
        ([F(1, 2, 3, 4)], {"size": 2, "stride": 1}),
        ([F(1, 16, 4, 4)], {"size": 2}),
    ]),
    ("adaptiveAvgPool2d", lambda x, o: T.adaptive_avg_pool2d(x, o["size"]), [
        ([F(2, 3, 4, 6)], {"size": 1}),
        ([F(2, 3, 4, 6)], {"size": 2}),
        ([F(1, 2, 5, 7)], {"size": [3, 2]}),
        ([F(1, 2, 3, 3)], {"size": 5}),
        ([F(1, 1, 1, 1)], {"size": 1}),
        ([F(0, 2, 4, 4)], {"size": 1}),
        ([F(1, 16, 4, 4)], {"size": 1}),
    ]),
    ("adaptiveMaxPool2d", lambda x, o: T.adaptive_max_pool2d(x, o["size"]), [
        ([D(1, 2, 3, 3)], {"size": 5}),
        ([D(2, 3, 4, 6)], {"size": 1}),
        ([D(2, 3, 4, 6)], {"size": 2}),
        ([D(1, 2, 5, 7)], {"size": [3, 2]}),
        ([D(1, 1, 1, 1)], {"size": 1}),
        ([D(0, 2, 4, 4)], {"size": 1}),
        ([D(1, 16, 4, 4)], {"size": 1}),
    ]),
    ("interpolate", resize, [
        ([F(1, 2, 3, 4)], {"mode": "nearest", "scaleFactor": 2}),
        ([F(1, 2, 4, 6)], {"mode": "nearest", "scaleFactor": 0.5}),
        ([F(1, 2, 3, 4)], {"mode": "nearest", "size": [5, 7]}),
        ([F(1, 2, 3, 4)], {"mode": "bilinear", "scaleFactor": 2}),
        ([F(1, 2, 3, 4)], {"mode": "bilinear", "scaleFactor": 2, "alignCorners": True}),
        ([F(1, 2, 5, 6)], {"mode": "bilinear", "size": [3, 4]}),
        ([F(1, 2, 3, 4)], {"mode": "bilinear", "size": [5, 7], "alignCorners": True}),
        ([F(1, 1, 4, 4)], {"mode": "bicubic", "scaleFactor": 2}),
        ([F(1, 1, 4, 5)], {"mode": "bicubic", "size": [6, 3], "alignCorners": True}),
        ([F(1, 1, 1, 1)], {"mode": "bilinear", "size": [2, 2]}),
        ([F(0, 2, 3, 3)], {"mode": "nearest", "scaleFactor": 2}),
    ]),
    ("gridSample", sample, [
        ([F(1, 2, 5, 5), O(1, 3, 4, 2)], {}),
        ([F(1, 2, 5, 5), O(1, 3, 4, 2)], {"alignCorners": True}),
        ([F(2, 1, 5, 3), O(2, 2, 3, 2, low=-1.5, high=1.5)], {"paddingMode": "zeros"}),
        ([F(2, 1, 5, 3), O(2, 2, 3, 2, low=-1.5, high=1.5)], {"paddingMode": "border"}),
        ([F(2, 1, 5, 5), O(2, 2, 3, 2, low=-1.5, high=1.5)], {"paddingMode": "reflection"}),
        ([F(2, 1, 5, 5), O(2, 2, 3, 2, low=-1.5, high=1.5)], {"paddingMode": "reflection", "alignCorners": True}),
        ([F(1, 2, 5, 5), O(1, 3, 4, 2)], {"mode": "nearest"}),
        ([F(1, 1, 1, 1), O(1, 1, 1, 2)], {}),
        ([F(0, 1, 3, 3), O(0, 2, 2, 2)], {}),
    ]),
]
