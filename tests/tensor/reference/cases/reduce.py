"""Reductions over axes, running sums, softmax."""

import torch
import torch.nn.functional as T

from operands import B, D, F, I, V

KINK = {"kink": True}

#: Shapes and axes (None: all of them).
PLACES = [
    ((2, 3), {}),
    ((2, 3), {"axes": [0]}),
    ((2, 3), {"axes": [-1], "keepDim": True}),
    ((), {}),
    ((1,), {}),
    ((1, 1), {"axes": [1]}),
    ((5,), {"axes": [0], "keepDim": True}),
    ((3, 2, 4), {"axes": [0, 2]}),
    ((3, 2, 4), {"axes": [-1, 0], "keepDim": True}),
    ((3, 2, 4), {"axes": [1]}),
    ((3, 2, 4), {"axes": [0, 1, 2], "keepDim": True}),
    ((2, 1, 3, 2, 1, 2), {"axes": [1, 3, 5]}),
    ((2, 3, 4, 5), {"axes": [0, 2, 3]}),
    ((2, 16, 2, 2), {"axes": [0, 2, 3]}),
    ((2, 16, 2, 2), {"axes": [1], "keepDim": True}),
]
EMPTY = [((0,), {}), ((2, 0, 3), {"axes": [1]}), ((2, 0, 3), {"axes": [0]}), ((0, 3), {"axes": [1], "keepDim": True})]
#: Empty tensors of which no empty axis is reduced: what has no neutral element allows only those.
EMPTY_KEPT = [((2, 0, 3), {"axes": [0]}), ((0, 3), {"axes": [1], "keepDim": True})]


def over(fn):
    def call(x, o):
        axes = o.get("axes", list(range(x.dim())))
        return fn(x, axes, o.get("keepDim", False), o)
    return call


def plain(places, operand=F):
    return [([operand(*shape)], options) for shape, options in places]


def prod(x, axes, keep, o):
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = torch.prod(x, axis, keepdim=True)
    return x if keep else x.reshape([n for i, n in enumerate(x.shape) if i not in [a % max(x.dim(), 1) for a in axes]])


def spread(fn):
    return lambda x, axes, keep, o: fn(x, axes, correction=o.get("correction", 1), keepdim=keep)


SPREAD_PLACES = [p for p in PLACES if p[0] not in ((), (1,), (1, 1))]
SPREAD = plain(SPREAD_PLACES) + [([F(3, 4)], {"axes": [1], "correction": 0}), ([F(1, 1)], {"axes": [1], "correction": 0}),
                                 ([F(2, 0)], {"axes": [0]})]

WHOLE = [([I(2, 3)], {}), ([I(2, 3, dtype="int32")], {"axes": [0]})]

OPS = [
    ("sum", over(lambda x, axes, keep, o: torch.sum(x, axes, keep) if axes else x.clone()),
     plain(PLACES + EMPTY) + [([I(2, 3)], {}), ([I(4, 3)], {"axes": [0]})]),
    ("mean", over(lambda x, axes, keep, o: torch.mean(x, axes, keep) if axes else x.clone()), plain(PLACES + EMPTY)),
    ("max", over(lambda x, axes, keep, o: torch.amax(x, axes, keep)),
     plain(PLACES + EMPTY_KEPT, D) + WHOLE + [([V([3, 1, 3, 2], [2, 2])], {}, KINK), ([V([1, 1, 2, 2, 2, 0], [2, 3])], {"axes": [1]}, KINK),
                                              ([V(["-inf", "-inf", 1, "inf"], [2, 2])], {"axes": [1]}, KINK)]),
    ("min", over(lambda x, axes, keep, o: torch.amin(x, axes, keep)),
     plain(PLACES + EMPTY_KEPT, D) + WHOLE + [([V([3, 1, 1, 2], [2, 2])], {}, KINK), ([V([1, 1, 2, 2, 2, 0], [2, 3])], {"axes": [1]}, KINK)]),
    ("prod", over(prod), plain(PLACES + EMPTY, lambda *shape: F(*shape, low=0.5, high=1.75)) +
     [([F(2, 3, away=[0])], {"axes": [1]}), ([F(4, away=[0])], {})] +
     [([V([2, 0, 3, 4, 5, 6], [2, 3])], {"axes": [1]}, KINK), ([V([2, 0, 0, 4], [2, 2])], {}, KINK)]),
    ("var", over(spread(torch.var)), SPREAD),
    ("std", over(spread(torch.std)), SPREAD),
    ("logSumExp", over(lambda x, axes, keep, o: torch.logsumexp(x, axes, keep)),
     plain(PLACES[:3] + PLACES[5:] + EMPTY_KEPT) +
     [([V([1000, 1000, -1000, -1000, 0, 1000], [3, 2])], {"axes": [1]}, KINK), ([V(["-inf", 1, "-inf", 2], [2, 2])], {"axes": [1]}, KINK)]),
]


def norm(x, axes, keep, o):
    return torch.linalg.vector_norm(x, float(o.get("p", 2)), axes, keep)


OPS.append(("norm", over(norm), plain(PLACES) + [
    ([F(3, 4)], {"p": 2, "axes": [1]}),
    ([F(3, 4, away=[0])], {"p": 1}),
    ([F(3, 4, away=[0])], {"p": 1, "axes": [0], "keepDim": True}),
    ([D(3, 5)], {"p": "inf", "axes": [1]}, KINK),
    ([F(3, 4, low=0.25)], {"p": 3, "axes": [1]}),
    ([V([0, 0, 3, 4], [2, 2])], {"axes": [1]}, KINK),
    ([F(2, 0)], {"axes": [0]}),
]))

ONE_AXIS = [((2, 3), {"axis": 0}), ((2, 3), {"axis": -1}), ((1,), {"axis": 0}), ((3, 2, 4), {"axis": 1}),
            ((2, 1, 3, 2, 1, 2), {"axis": 2}), ((3, 1, 4), {"axis": 1}), ((7,), {"axis": 0}),
            ((1, 16, 2, 2), {"axis": 1})]
INDEX = [([D(*shape, grad=False)], options) for shape, options in ONE_AXIS] + [
    ([D(3, 4, grad=False)], {"axis": 1, "keepDim": True}),
    ([D(3, 4, grad=False)], {}),
    ([I(4, 3)], {"axis": 0}),
    ([I(4, 3, dtype="int32")], {"axis": 1}),
    ([V([1, 3, 3, 2], grad=False)], {"axis": 0}),
    ([D(0, 3, grad=False)], {"axis": 1}),
]
OPS.append(("argmax", lambda x, o: torch.argmax(x, o.get("axis"), o.get("keepDim", False)), INDEX))
OPS.append(("argmin", lambda x, o: torch.argmin(x, o.get("axis"), o.get("keepDim", False)), INDEX))
ALONG = [([F(*shape)], options) for shape, options in ONE_AXIS + [((0, 3), {"axis": 1}), ((3, 0), {"axis": 1}), ((), {"axis": 0})]]
OPS.append(("cumSum", lambda x, o: torch.cumsum(x, o["axis"]), ALONG[:-1] + [([I(2, 3)], {"axis": 1}), ([I(2, 3, dtype="int32")], {"axis": 0})]))
LARGE = [([V([1000, 0, -1000, 1000, 1000, 1000], [2, 3])], {"axis": 1}, KINK), ([V(["-inf", 1, 2, 0, "-inf", "-inf"], [2, 3])], {"axis": 1}, KINK)]
OPS.append(("softmax", lambda x, o: T.softmax(x, o["axis"]), ALONG[:-1] + LARGE))
OPS.append(("logSoftmax", lambda x, o: T.log_softmax(x, o["axis"]), ALONG[:-1] + LARGE[:1]))
OPS.append(("all", lambda x, o: torch.all(x, o["axis"], o.get("keepDim", False)) if "axis" in o else torch.all(x),
            [([B(2, 3)], {}), ([B(4, 2)], {"axis": 1}), ([B(4, 2)], {"axis": 0, "keepDim": True}), ([B(0)], {})]))
OPS.append(("any", lambda x, o: torch.any(x, o["axis"], o.get("keepDim", False)) if "axis" in o else torch.any(x),
            [([B(2, 3)], {}), ([B(4, 2)], {"axis": 1}), ([B(4, 2)], {"axis": 0, "keepDim": True}), ([B(0)], {})]))
