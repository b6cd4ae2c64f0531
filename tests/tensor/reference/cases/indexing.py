"""Elements by index, order, one-hot vectors, embeddings."""

import torch
import torch.nn.functional as T

from operands import D, F, I, V


def index(values, shape=None, dtype="int64"):
    return V(values, shape, dtype)


def by_index(fn):
    """PyTorch wants int64."""
    return lambda *args: fn(*[a.long() if isinstance(a, torch.Tensor) and a.dtype == torch.int32 else a for a in args])


GATHERED = [
    ([F(3, 4), index([0, 2, 1, 1], [2, 2])], {"axis": 1}),
    ([F(3, 4), index([0, 2, 1, 1, 0, 0, 2, 2], [2, 4])], {"axis": 0}),
    ([F(3, 4), index([0, 2, 1, 3], [1, 4])], {"axis": -1}),
    ([F(5), index([4, 4, 0])], {"axis": 0}),
    ([F(1), index([0])], {"axis": 0}),
    ([F(3, 4), index([], [0, 4])], {"axis": 0}),
    ([F(2, 3, 2, 2), I(2, 4, 2, 2, low=0, high=3)], {"axis": 1}),
    ([F(3, 4), index([0, 2, 1, 1], [2, 2], "int32")], {"axis": 1}),
    ([I(3, 4), index([0, 2, 1, 1], [2, 2])], {"axis": 1}),
]
SELECTED = [
    ([F(3, 4), index([0, 2, 2])], {"axis": 0}),
    ([F(3, 4), index([3, 0])], {"axis": 1}),
    ([F(3, 4), index([1])], {"axis": -1}),
    ([F(5), index([], [0])], {"axis": 0}),
    ([F(2, 3, 2, 2), index([1, 1, 0, 2])], {"axis": 1}),
    ([I(3, 4), index([1, 0], None, "int32")], {"axis": 0}),
]


def scatter_add(x, i, source, o):
    return x.scatter_add(o["axis"], i, source)


def top(x, o):
    values, indices = torch.topk(x, o["k"], o.get("axis", -1), o.get("largest", True), sorted=True)
    return values, indices


def ordered(x, o):
    values, indices = torch.sort(x, dim=o.get("axis", -1), descending=o.get("descending", False), stable=True)
    return values, indices


SORTED = [
    ([D(7)], {}),
    ([D(3, 5)], {"axis": 0}),
    ([D(3, 5)], {"axis": 1, "descending": True}),
    ([D(1)], {}),
    ([D(0, 3)], {"axis": 1}),
    ([D(2, 0)], {"axis": 1}),
    ([D(2, 3, 2, 4)], {"axis": -3}),
    ([I(6, low=-100, high=100)], {}),
    ([I(6, low=-100, high=100, dtype="int32")], {"descending": True}),
    ([V([2, 1, 2, 1, 2])], {}, {"kink": True}),
]

OPS = [
    ("gather", by_index(lambda x, i, o: torch.gather(x, o["axis"], i)), GATHERED),
    ("indexSelect", by_index(lambda x, i, o: torch.index_select(x, o["axis"], i)), SELECTED),
    ("scatterAdd", by_index(scatter_add), [
        ([F(3, 4), index([0, 2, 1, 1], [2, 2]), F(2, 2)], {"axis": 1}),
        ([F(3, 4), index([0, 0, 0, 0, 2, 2, 2, 0], [2, 4]), F(2, 4)], {"axis": 0}),
        ([F(5), index([4, 4, 0]), F(3)], {"axis": 0}),
        ([F(3, 4), index([], [0, 4]), F(0, 4)], {"axis": 0}),
        ([F(2, 3, 2, 2), I(2, 4, 2, 2, low=0, high=3), F(2, 4, 2, 2)], {"axis": -3}),
        ([F(3, 4), index([0, 2, 1, 1], [2, 2], "int32"), F(2, 2)], {"axis": 1}),
        ([I(3, 4), index([0, 2, 1, 1], [2, 2]), I(2, 2)], {"axis": 1}),
    ]),
    ("oneHot", by_index(lambda x, o: T.one_hot(x, o["classes"])), [
        ([index([0, 2, 1, 2])], {"classes": 3}),
        ([index([1], [])], {"classes": 2}),
        ([index([0, 1, 1, 0, 3, 2], [2, 3])], {"classes": 5}),
        ([index([0, 1], None, "int32")], {"classes": 2}),
    ]),
    ("topK", top, [
        ([D(7)], {"k": 3}),
        ([D(3, 5)], {"k": 2, "axis": 0}),
        ([D(3, 5)], {"k": 5, "axis": 1, "largest": False}),
        ([D(3, 5)], {"k": 1}),
        ([D(1)], {"k": 1}),
        ([D(3, 4)], {"k": 0}),
        ([D(0, 4)], {"k": 2}),
        ([D(2, 3, 2, 4)], {"k": 2, "axis": 1}),
        ([V([9, -3, 4, 100, 7], dtype="int64")], {"k": 2}),
        ([V([9, -3, 4, 100, 7], dtype="int32")], {"k": 2, "largest": False}),
    ]),
    ("sort", ordered, SORTED),
    ("argsort", lambda x, o: ordered(x, o)[1], [([{**ops[0], **({"grad": False} if ops[0]["dtype"] == "float" else {})}], *more) for ops, *more in SORTED]),
    ("embedding", by_index(lambda i, w, o: T.embedding(i, w)), [
        ([index([0, 2, 1, 2]), F(3, 4)], {}),
        ([index([1], []), F(3, 4)], {}),
        ([index([0, 1, 1, 4, 3, 3], [2, 3]), F(5, 2)], {}),
        ([index([], [0]), F(3, 4)], {}),
        ([index([0, 0, 0], None, "int32"), F(1, 1)], {}),
        ([I(2, 2, 3, low=0, high=4), F(4, 3)], {}),
    ]),
]
