"""Normalisation: over the batch, over features, over groups of channels."""

import torch
import torch.nn.functional as T

from operands import F, NONE

KINK = {"kink": True}


def batch_norm(x, w, b, mean, var, o):
    """The output, and the running statistics as the call leaves them."""
    mean = None if mean is None else mean.clone()
    var = None if var is None else var.clone()
    y = T.batch_norm(x, mean, var, w, b, o.get("training", mean is None), o.get("momentum", 0.1), o.get("epsilon", 1e-5))
    if o.get("activation") == "relu":
        y = T.relu(y)
    return [t for t in (y, mean, var) if t is not None]


def running(channels):
    return [F(channels, low=-1, high=1, grad=False), F(channels, low=0.5, high=2, grad=False)]


def affine(channels):
    return [F(channels, low=0.5, high=2), F(channels)]


OPS = [
    ("batchNorm", batch_norm, [
        ([F(4, 3, 2, 3), *affine(3), *running(3)], {"training": True}),
        ([F(4, 3, 2, 3), *affine(3), *running(3)], {"training": False}),
        ([F(4, 3, 2, 3), *affine(3), *running(3)], {"training": True, "momentum": 0.25, "epsilon": 0.125}),
        ([F(6, 3), *affine(3), *running(3)], {"training": True}),
        ([F(6, 3), *affine(3), *running(3)], {"training": False}),
        ([F(3, 2, 5), *affine(2), *running(2)], {"training": True}),
        ([F(4, 3, 2, 2), NONE, NONE, *running(3)], {"training": True}),
        ([F(4, 3, 2, 2), *affine(3), NONE, NONE], {"training": True}),
        ([F(3, 1, 1, 1), *affine(1), *running(1)], {"training": True}),
        ([F(0, 2, 3, 3), *affine(2), *running(2)], {"training": False}),
        ([F(2, 16, 3, 3), *affine(16), *running(16)], {"training": True}),
        ([F(2, 16, 3, 3), *affine(16), *running(16)], {"training": False}),
        *[([F(2, c, 3, 3), *affine(c), *running(c)], {"training": t, "activation": "relu"}, KINK) for c in (3, 16) for t in (True, False)],
    ]),
    ("layerNorm", lambda x, w, b, o: T.layer_norm(x, o.get("shape", list(x.shape[-1:])), w, b, o.get("epsilon", 1e-5)), [
        ([F(3, 4), *affine(4)], {}),
        ([F(3, 4), F(4, low=0.5), NONE], {}),
        ([F(3, 4), NONE, NONE], {}),
        ([F(2, 3, 5), *affine(5)], {"epsilon": 0.125}),
        ([F(2, 3, 4), F(3, 4, low=0.5), F(3, 4)], {"shape": [3, 4]}),
        ([F(6), *affine(6)], {}),
        ([F(1, 2, 1, 2, 4), *affine(4)], {}),
        ([F(0, 4), *affine(4)], {}),
        ([F(2, 1), *affine(1)], {}),
        ([F(2, 3, 16), *affine(16)], {}),
    ]),
    ("rmsNorm", lambda x, w, o: T.rms_norm(x, o.get("shape", list(x.shape[-1:])), w, o.get("epsilon", 2**-23)), [
        ([F(3, 4), F(4, low=0.5)], {}),
        ([F(3, 4), NONE], {}),
        ([F(2, 3, 5), F(5, low=0.5)], {"epsilon": 0.125}),
        ([F(2, 3, 4), F(3, 4, low=0.5)], {"shape": [3, 4]}),
        ([F(6), F(6, low=0.5)], {}),
        ([F(1, 2, 1, 2, 4), F(4, low=0.5)], {}),
        ([F(0, 4), F(4, low=0.5)], {}),
        ([F(2, 1, low=0.5), F(1, low=0.5)], {"epsilon": 0.125}),
        ([F(2, 16, 2, 2), NONE], {"shape": [16, 2, 2]}),
    ]),
    ("groupNorm", lambda x, w, b, o: T.group_norm(x, o["groups"], w, b, o.get("epsilon", 1e-5)), [
        ([F(2, 4, 3, 2), *affine(4)], {"groups": 2}),
        ([F(2, 4, 3, 2), *affine(4)], {"groups": 1}),
        ([F(2, 4, 3, 2), *affine(4)], {"groups": 4}),
        ([F(2, 4, 3, 2), NONE, NONE], {"groups": 2, "epsilon": 0.125}),
        ([F(3, 6), *affine(6)], {"groups": 3, "epsilon": 0.5}),
        ([F(2, 4, 5), *affine(4)], {"groups": 2}),
        ([F(0, 4, 2, 2), *affine(4)], {"groups": 2}),
        ([F(1, 16, 2, 2), *affine(16)], {"groups": 4}),
    ]),
    ("instanceNorm", lambda x, w, b, o: T.instance_norm(x, None, None, w, b, eps=o.get("epsilon", 1e-5)), [
        ([F(2, 3, 3, 2), *affine(3)], {}),
        ([F(2, 3, 3, 2), NONE, NONE], {"epsilon": 0.125}),
        ([F(2, 3, 5), *affine(3)], {}),
        ([F(1, 16, 2, 2), *affine(16)], {}),
    ]),
]
