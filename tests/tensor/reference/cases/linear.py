"""Matrix products, einsum, attention."""

import torch
import torch.nn.functional as T

from operands import F, NONE

OPS = [("matmul", lambda a, b, o: torch.matmul(a, b), [
    ([F(*a), F(*b)],) for a, b in [
        ((2, 3), (3, 4)),
        ((1, 1), (1, 1)),
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 3)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((2, 3, 1, 2, 2), (3, 2, 2, 3)),
        ((1, 2, 3), (4, 3, 2)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((0, 2, 3), (3, 2)),
        ((2, 3), (3, 0)),
        ((7, 17), (17, 9)),
    ]
])]

OPS.append(("einsum", lambda *args: torch.einsum(args[-1]["equation"], *args[:-1]), [
    ([F(*shape) for shape in shapes], {"equation": equation}) for equation, shapes in [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bjk->bik", [(2, 2, 3), (2, 3, 4)]),
        ("ij->ji", [(2, 3)]),
        ("ij->i", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,i->", [(3,), (3,)]),
        ("ii->i", [(3, 3)]),
        ("ii->", [(3, 3)]),
        ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
        ("...ij,...jk->...ik", [(2, 2, 3), (2, 3, 2)]),
        ("ab,bc,cd->ad", [(2, 3), (3, 2), (2, 4)]),
        ("bij,ij->b", [(2, 3, 2), (3, 2)]),
        ("abc,adc->bd", [(2, 3, 2), (2, 2, 2)]),
        ("ij,ij->ij", [(2, 3), (2, 3)]),
        ("ij,kj->", [(2, 3), (2, 3)]),
        ("ij,jk->ik", [(0, 3), (3, 2)]),
    ]
]))


def attention(q, k, v, mask, o):
    return T.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=o.get("causal", False), scale=o.get("scale"))


QKV = [F(2, 2, 4, 3), F(2, 2, 4, 3), F(2, 2, 4, 3)]
OPS.append(("scaledDotProductAttention", attention, [
    ([*QKV, NONE], {}),
    ([*QKV, NONE], {"causal": True}),
    ([*QKV, NONE], {"causal": True, "scale": 0.5}),
    ([F(1, 1, 3, 2), F(1, 1, 5, 2), F(1, 1, 5, 4), NONE], {}),
    ([F(1, 1, 3, 2), F(1, 1, 5, 2), F(1, 1, 5, 4), NONE], {"causal": True}),
    ([F(3, 4), F(3, 4), F(3, 4), NONE], {"causal": True}),
    ([F(2, 3, 4), F(2, 3, 4), F(2, 3, 4), F(3, 3, grad=False)], {}),
    ([F(2, 3, 4), F(2, 3, 4), F(2, 3, 4), {"kind": "values", "shape": [3, 3], "dtype": "bool", "values": [1, 0, 1, 0, 1, 1, 1, 1, 0]}], {}),
    ([F(1, 1, 1, 1), F(1, 1, 1, 1), F(1, 1, 1, 1), NONE], {"causal": True}),
    ([F(0, 2, 3, 4), F(0, 2, 3, 4), F(0, 2, 3, 4), NONE], {"causal": True}),
    ([F(1, 2, 17, 8), F(1, 2, 17, 8), F(1, 2, 17, 8), NONE], {"causal": True}),
]))


def linear(x, w, b, o):
    y = T.linear(x, w, b)
    return {"none": y, "relu": T.relu(y), "gelu": T.gelu(y)}[o.get("activation", "none")]


LINEAR = [
    [F(2, 3), F(4, 3), F(4)],
    [F(2, 3), F(4, 3), NONE],
    [F(3), F(4, 3), F(4)],
    [F(2, 3, 5), F(2, 5), F(2)],
    [F(2, 1, 3, 2, 4), F(3, 4), F(3)],
    [F(0, 3), F(4, 3), F(4)],
    [F(1, 1), F(1, 1), F(1)],
    [F(5, 17), F(9, 17), F(9)],
]
OPS.append(("linear", linear, [(operands, {}) for operands in LINEAR] +
            [(operands, {"activation": "gelu"}) for operands in LINEAR] +
            [(operands, {"activation": "relu"}, {"kink": True}) for operands in LINEAR]))
OPS.append(("addmm", lambda b, x, w, o: b + x @ w, [
    ([F(*b), F(*x), F(*w)],) for b, x, w in [
        ((4,), (2, 3), (3, 4)),
        ((2, 4), (2, 3), (3, 4)),
        ((), (2, 3), (3, 4)),
        ((1, 4), (2, 2, 3), (3, 4)),
        ((1,), (1, 1), (1, 1)),
        ((4,), (0, 3), (3, 4)),
    ]
]))
