"""Functions of each element, of pairs with broadcasting, comparisons, choices."""

import random

import torch
import torch.nn.functional as T

from operands import B, D, F, I, N, V

draw = random.Random(3)
KINK = {"kink": True}
#: The last one fills the blocks of the CPU's blocked layout.
EDGE = [(), (1,), (0,), (2, 0, 3), (5,), (2, 1, 3, 1, 2, 2), (1, 16, 2, 2)]
SHAPES = EDGE + [tuple(draw.randint(1, 5) for _ in range(rank)) for rank in (2, 3, 4)]
PAIRS = [
    ((2, 3), (2, 3)),
    ((), ()),
    ((1,), (1,)),
    ((3, 1), (1, 4)),
    ((4,), (2, 3, 4)),
    ((2, 3), ()),
    ((), (2, 3)),
    ((2, 3), (1, 1)),
    ((0,), (1,)),
    ((2, 1, 3), (0, 1)),
    ((2, 1, 3, 1, 2), (1, 4, 1, 2, 1)),
    ((2, 1, 1, 3, 1, 2), (3, 1, 1)),
    ((1, 16, 2, 2), (1, 16, 2, 2)),
    ((1, 16, 2, 2), (16, 1, 1)),
]


def drawn_pair():
    """Two shapes of which either is stretched somewhere."""
    shape = [draw.randint(1, 4) for _ in range(draw.randint(2, 4))]
    a = [1 if draw.random() < 0.3 else n for n in shape][draw.randint(0, 1):]
    b = [1 if draw.random() < 0.3 else n for n in shape]
    return tuple(a), tuple(b)


PAIRS += [drawn_pair() for _ in range(3)]


def unary(fn, low=-2, high=2, away=None, extra=(), options=None):
    cases = [([F(*shape, low=low, high=high, away=away)], options or {}) for shape in SHAPES]
    return fn, cases + list(extra)


def special(values, **options):
    """Values where a function has a kink or leaves its range."""
    return ([V(values)], options, KINK)


BIG = special([-1000, -100, -20, -0.5, 0, 0.5, 20, 100, 1000])
ENDS = special(["-inf", -1, 0, 1, "inf", "nan"])


def exact(fn):
    return lambda x, o: fn(x)


UNARY = {
    "neg": unary(exact(torch.neg)),
    "abs": unary(exact(torch.abs), away=[0], extra=[special([-1, 0, 1])]),
    "exp": unary(exact(torch.exp), extra=[special(["-inf", -10, 0, 5])]),
    "log": unary(exact(torch.log), low=0.25, high=4, extra=[special([0.25, 1, 4, "inf"])]),
    "sqrt": unary(exact(torch.sqrt), low=0.25, high=4),
    "rsqrt": unary(exact(torch.rsqrt), low=0.25, high=4),
    "reciprocal": unary(exact(torch.reciprocal), low=0.25, high=4),
    "square": unary(exact(torch.square)),
    "sign": unary(exact(torch.sign), away=[0], extra=[special([-1, 0, 1])]),
    "floor": unary(exact(torch.floor), away=[-2, -1, 0, 1, 2], extra=[special([-2, -1.5, 0, 1.5])]),
    "ceil": unary(exact(torch.ceil), away=[-2, -1, 0, 1, 2], extra=[special([-2, -1.5, 0, 1.5])]),
    "round": unary(exact(torch.round), away=[-1.5, -0.5, 0.5, 1.5], extra=[special([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])]),
    "sin": unary(exact(torch.sin)),
    "cos": unary(exact(torch.cos)),
    "tan": unary(exact(torch.tan), low=-1, high=1),
    "asin": unary(exact(torch.asin), low=-0.75, high=0.75),
    "acos": unary(exact(torch.acos), low=-0.75, high=0.75),
    "atan": unary(exact(torch.atan)),
    "sinh": unary(exact(torch.sinh)),
    "cosh": unary(exact(torch.cosh)),
    "tanh": unary(exact(torch.tanh), extra=[BIG, ENDS]),
    "erf": unary(exact(torch.erf)),
    "log1p": unary(exact(torch.log1p), low=-0.75, high=2),
    "expm1": unary(exact(torch.expm1)),
    "sigmoid": unary(exact(torch.sigmoid), extra=[BIG, ENDS]),
    "logSigmoid": unary(exact(T.logsigmoid), extra=[BIG]),
    "softplus": unary(exact(T.softplus), extra=[BIG]),
    "relu": unary(exact(T.relu), away=[0], extra=[special([-1000, -1, 0, 1, 1000]), ([V([-1e-6, 0, 1e-6])], {}, {**KINK, "types": ["float32", "float64"]})]),
    "silu": unary(exact(T.silu), extra=[BIG]),
    "elu": unary(exact(T.elu), away=[0], extra=[BIG]),
}

OPS = [(name, fn, cases) for name, (fn, cases) in UNARY.items()]
OPS.append((
    "leakyRelu",
    lambda x, o: T.leaky_relu(x, o.get("negativeSlope", 0.01)),
    [([F(*shape, away=[0])], {}) for shape in SHAPES] +
    [([F(3, 4, away=[0])], {"negativeSlope": 0.25}), special([-1, 0, 1], negativeSlope=0.5)],
))
OPS.append((
    "gelu",
    lambda x, o: T.gelu(x, approximate=o.get("approximate", "none")),
    [([F(*shape)], {}) for shape in SHAPES] + [([F(*shape)], {"approximate": "tanh"}) for shape in SHAPES] +
    [special([-20, -3, 0, 3, 20]), special([-20, -3, 0, 3, 20], approximate="tanh")],
))
OPS.append((
    "clamp",
    lambda x, o: torch.clamp(x, o.get("min"), o.get("max")),
    [([F(*shape, away=[-0.5, 1])], {"min": -0.5, "max": 1}) for shape in SHAPES] +
    [([F(3, 4, away=[0])], {"min": 0}), ([F(3, 4, away=[0])], {"max": 0}), special([-2, -1, 0, 1, 2], min=-1, max=1)],
))


def pairs(fn, low=-2, high=2, away=None, second=None, extra=()):
    second = second or {"low": low, "high": high, "away": away}
    cases = [([F(*a, low=low, high=high, away=away), F(*b, **second)],) for a, b in PAIRS]
    return lambda a, b, o: fn(a, b), cases + list(extra)


def numbers(value, low=-2, high=2, away=None):
    """With a plain number on either side."""
    x = F(2, 3, low=low, high=high, away=away)
    return [([x, N(value)],), ([N(value), x],)]


def whole(dtype):
    return [([I(2, 3, dtype=dtype), I(3, dtype=dtype)],), ([I(2, 3, dtype=dtype), N(3)],)]


def divide(a, b):
    floating = any(isinstance(x, torch.Tensor) and x.is_floating_point() for x in (a, b))
    return a / b if floating else torch.div(a, b, rounding_mode="trunc")


def apart(a, b):
    """Pairs of distinct elements, in which neither operand equals the other."""
    return [([F(*x, low=-2, high=0, away=[0]), F(*y, low=0, high=2, away=[0])],) for x, y in PAIRS] + \
        [([D(12), V([-1.9, -1.2, -0.8, -0.6, -0.1, 0.1, 0.2, 0.5, 0.9, 1.2, 1.4, 1.9])], {}, {"types": ["float32", "float64"]})]


def either(fn):
    """A comparison or the like of two tensors or a tensor and a number."""
    def call(a, b, o):
        like = a if isinstance(a, torch.Tensor) else b
        a, b = (x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=like.dtype) for x in (a, b))
        return fn(a, b)
    return call


BINARY = {
    "add": pairs(torch.add, extra=numbers(1.5) + whole("int64") + whole("int32")),
    "sub": pairs(torch.sub, extra=[([F(2, 3), N(1.5)],)] + whole("int64") + whole("int32")),
    "mul": pairs(torch.mul, extra=numbers(1.5) + whole("int64") + whole("int32")),
    "div": pairs(
        divide,
        second={"low": 0.5, "high": 2},
        extra=[([F(2, 3), N(1.5)],), ([I(2, 3), V([1, -2, 3], dtype="int64")],), ([I(2, 3, dtype="int32"), N(2)],)],
    ),
    "pow": pairs(torch.pow, low=0.5, high=2, extra=[
        ([F(3, 4), N(2)],), ([F(3, 4), N(3)],), ([F(3, 4, low=0.5), N(-1.5)],), ([F(3, 4, low=0.5), N(0.5)],),
        ([V([-2, -1, 0, 1, 2]), N(2)], {}, KINK), ([V([-2, -1, 0, 1, 2]), N(3)], {}, KINK),
        ([V([0, 1, 2]), N(0)], {}, KINK), ([N(2), F(2, 3)],),
    ]),
    "maximum": (lambda a, b, o: torch.maximum(a, b), apart(0, 0) + [([V([1, 2, 3]), V([2, 2, 2])], {}, KINK)]),
    "minimum": (lambda a, b, o: torch.minimum(a, b), apart(0, 0) + [([V([1, 2, 3]), V([2, 2, 2])], {}, KINK)]),
}
OPS += [(name, either(lambda a, b, fn=fn: fn(a, b, {})), cases) for name, (fn, cases) in BINARY.items()]

COMPARED = [([I(*a, low=0, high=3, dtype="int64"), I(*b, low=0, high=3, dtype="int64")],) for a, b in PAIRS[:10]]
COMPARED += [([V([1, 2, 2, 3], dtype=t), V([2, 2, 1, 3], dtype=t)],) for t in ("float", "int32", "uint8")]
COMPARED += [([V([1, 2, 3]), N(2)],), ([V([1, 2, 3], dtype="int32"), N(2)],), ([V(["nan", 1, "inf", "-inf"]), V(["nan", "nan", "inf", "inf"])],)]
for name, fn in {
    "eq": torch.eq, "ne": torch.ne, "lt": torch.lt,
    "le": torch.le, "gt": torch.gt, "ge": torch.ge,
}.items():
    OPS.append((name, either(fn), COMPARED))
EQUAL_BOOLEANS = ([B(2, 3), B(3)],)
for name, fn in {"logicalAnd": torch.logical_and, "logicalOr": torch.logical_or, "logicalXor": torch.logical_xor}.items():
    OPS.append((name, lambda a, b, o, fn=fn: fn(a, b), [([B(*a), B(*b)],) for a, b in PAIRS[:10]]))
OPS.append(("logicalNot", lambda x, o: torch.logical_not(x), [([B(*shape)],) for shape in SHAPES]))
NOT_FINITE = V(["nan", 1, "inf", "-inf", 0, -2], [2, 3], grad=False)
OPS.append(("isNaN", lambda x, o: torch.isnan(x), [([NOT_FINITE],), ([F(2, 3, grad=False)],)]))
OPS.append(("isFinite", lambda x, o: torch.isfinite(x), [([NOT_FINITE],), ([F(2, 3, grad=False)],)]))

OPS.append(("where", lambda c, a, b, o: either(lambda a, b: torch.where(c, a, b))(a, b, o), [
    ([B(2, 3), F(2, 3), F(2, 3)],),
    ([B(), F(), F()],),
    ([B(3, 1), F(4), F(2, 1, 1)],),
    ([B(2, 3), F(1), F(2, 3)],),
    ([B(0, 2), F(2), F(1, 1)],),
    ([B(2, 1, 2, 1, 2), F(3, 1, 2, 1), F(2)],),
    ([B(2, 3), F(2, 3), N(0)],),
    ([B(2, 3), N(-1.5), F(2, 3)],),
    ([B(2, 3), I(2, 3), I(3)],),
    ([B(2, 3), I(2, 3, dtype="int32"), I(3, dtype="int32")],),
    ([B(2), V([1, "nan"]), V([2, 3])], {}, KINK),
]))
OPS.append(("maskedFill", lambda x, m, o: torch.masked_fill(x, m, float(o["value"])), [
    ([F(2, 3), B(2, 3)], {"value": -1.5}),
    ([F(2, 3), B(3)], {"value": "-inf"}, KINK),
    ([F(), B()], {"value": 0}),
    ([F(0, 2), B(2)], {"value": 0}),
    ([F(2, 1, 2, 1, 2), B(2, 1, 2)], {"value": 1}),
    ([F(1, 16, 2, 2), B(16, 1, 1)], {"value": 1}),
    ([I(2, 3), B(2, 3)], {"value": 7}),
]))
