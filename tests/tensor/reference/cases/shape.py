"""The same elements in other shapes and orders."""

import torch
import torch.nn.functional as T

from operands import B, F, I


def same(fn, cases):
    """With a whole-number and a boolean operand of the first case added."""
    operands, options = cases[0][0], cases[0][1]
    shapes = [operand["shape"] for operand in operands]
    extra = [([make(*shape) for shape in shapes], options) for make in (I, lambda *s: I(*s, dtype="int32"), B)]
    return fn, cases + extra


def pad(x, o):
    """Padding as [before, after] of each axis, the first axis first."""
    flat = [n for pair in reversed(o["padding"]) for n in pair]
    mode = o.get("mode", "constant")
    if mode == "constant":
        return T.pad(x, flat, "constant", o.get("value", 0))
    # PyTorch pads at most the last axes of a batch otherwise.
    count = next((i for i, pair in enumerate(o["padding"]) if pair != [0, 0]), 0)
    return T.pad(x, flat[: 2 * (len(o["padding"]) - count)], mode)


def slice_(x, o):
    """Like ONNX's: starts, ends, axes and steps, negative steps included."""
    for i, axis in enumerate(o.get("axes", range(len(o["starts"])))):
        n = x.shape[axis]
        step = o.get("steps", [1] * len(o["starts"]))[i]
        index = list(range(n))[slice(o["starts"][i], o["ends"][i], step)]
        x = x.index_select(axis, torch.tensor(index, dtype=torch.int64))
    return x


OPS = [(name, *same(fn, cases)) for name, fn, cases in [
    ("reshape", lambda x, o: x.reshape(o["shape"]), [
        ([F(2, 6)], {"shape": [3, 4]}), ([F(2, 6)], {"shape": [-1]}), ([F()], {"shape": [1, 1]}), ([F(1)], {"shape": []}),
        ([F(0, 3)], {"shape": [3, 0]}), ([F(2, 3, 4)], {"shape": [4, -1, 2]}), ([F(4, 4)], {"shape": [2, 1, 2, 2, 1, 2]}),
    ]),
    ("permute", lambda x, o: x.permute(o["axes"]), [
        ([F(2, 3, 4)], {"axes": [2, 0, 1]}), ([F(2, 3)], {"axes": [1, 0]}), ([F(5)], {"axes": [0]}), ([F(0, 3)], {"axes": [1, 0]}),
        ([F(2, 1, 3, 2, 2)], {"axes": [4, -2, 0, 1, 2]}), ([F(2, 1, 3, 1, 2, 2)], {"axes": [5, 4, 3, 2, 1, 0]}), ([F()], {"axes": []}),
    ]),
    ("transpose", lambda x, o: x.transpose(*o["axes"]), [
        ([F(2, 3)], {"axes": [0, 1]}), ([F(2, 3, 4)], {"axes": [-1, -2]}), ([F(2, 3, 4)], {"axes": [0, 2]}), ([F(2, 3, 4)], {"axes": [1, 1]}),
        ([F(2, 0, 4)], {"axes": [0, 1]}), ([F(1, 1)], {"axes": [0, 1]}), ([F(2, 1, 3, 1, 2, 2)], {"axes": [1, 4]}),
    ]),
    ("expand", lambda x, o: x.expand(o["shape"]), [
        ([F(2, 1, 3)], {"shape": [2, 4, 3]}), ([F(3)], {"shape": [2, 3]}), ([F()], {"shape": [2, 2]}), ([F(1)], {"shape": [0]}),
        ([F(2, 1)], {"shape": [-1, 3]}), ([F(2, 3)], {"shape": [2, 3]}), ([F(1, 2, 1)], {"shape": [2, 1, 3, 2, 2]}),
    ]),
    ("squeeze", lambda x, o: x.squeeze(o["axis"]) if "axis" in o else x.squeeze(), [
        ([F(2, 1, 3, 1)], {}), ([F(2, 1, 3, 1)], {"axis": 1}), ([F(2, 1, 3, 1)], {"axis": -1}), ([F(2, 1, 3)], {"axis": 0}),
        ([F(1, 1)], {}), ([F(0, 1)], {}),
    ]),
    ("unsqueeze", lambda x, o: x.unsqueeze(o["axis"]), [
        ([F(2, 3)], {"axis": 0}), ([F(2, 3)], {"axis": 1}), ([F(2, 3)], {"axis": -1}), ([F()], {"axis": 0}), ([F(0)], {"axis": 1}),
    ]),
    ("flatten", lambda x, o: x.flatten(o.get("start", 0), o.get("end", -1)), [
        ([F(2, 3, 2)], {}), ([F(2, 3, 2)], {"start": 1}), ([F(2, 3, 2, 2)], {"start": 1, "end": 2}), ([F()], {}), ([F(2, 0, 3)], {"start": 1}),
    ]),
    ("slice", slice_, [
        ([F(4, 5)], {"starts": [1], "ends": [3]}), ([F(4, 5)], {"starts": [1, -3], "ends": [4, -1], "axes": [0, 1]}),
        ([F(4, 5)], {"starts": [0], "ends": [5], "axes": [1], "steps": [2]}), ([F(7)], {"starts": [1], "ends": [6], "steps": [3]}),
        ([F(4, 5)], {"starts": [2], "ends": [2], "axes": [1]}), ([F(3)], {"starts": [0], "ends": [100]}), ([F(1)], {"starts": [0], "ends": [1]}),
        ([F(0, 2)], {"starts": [0], "ends": [1], "axes": [1]}), ([F(2, 3, 2, 2, 3)], {"starts": [1, 0], "ends": [3, 2], "axes": [1, 4]}),
    ]),
    ("select", lambda x, o: x.select(o["axis"], o["index"]), [
        ([F(4, 5)], {"axis": 0, "index": 1}), ([F(4, 5)], {"axis": 1, "index": -1}), ([F(3)], {"axis": 0, "index": 2}),
        ([F(2, 0)], {"axis": 0, "index": 1}), ([F(2, 3, 2, 2)], {"axis": -2, "index": 0}),
    ]),
    ("movedim", lambda x, o: x.movedim(o["from"], o["to"]), [
        ([F(2, 3, 4)], {"from": 0, "to": 2}), ([F(2, 3, 4)], {"from": -1, "to": 0}), ([F(2, 3)], {"from": 1, "to": 1}),
        ([F(2, 1, 3, 0, 2)], {"from": 3, "to": -4}),
    ]),
    ("narrow", lambda x, o: x.narrow(o["axis"], o["start"], o["length"]), [
        ([F(4, 5)], {"axis": 0, "start": 1, "length": 2}), ([F(4, 5)], {"axis": -1, "start": -3, "length": 2}),
        ([F(4, 5)], {"axis": 1, "start": 2, "length": 0}), ([F(2, 3, 2, 2)], {"axis": 1, "start": 0, "length": 3}),
    ]),
    ("concat", lambda *args: torch.cat(args[:-1], args[-1].get("axis", 0)), [
        ([F(2, 3), F(1, 3)], {}), ([F(2, 3), F(2, 2), F(2, 1)], {"axis": 1}), ([F(2, 3)], {"axis": -1}), ([F(1), F(1)], {"axis": 0}),
        ([F(0, 3), F(2, 3)], {"axis": 0}), ([F(2, 1, 3, 2), F(2, 2, 3, 2)], {"axis": -3}), ([F(0), F(0)], {"axis": 0}),
    ]),
    ("stack", lambda *args: torch.stack(args[:-1], args[-1].get("axis", 0)), [
        ([F(2, 3), F(2, 3)], {}), ([F(2, 3), F(2, 3), F(2, 3)], {"axis": 1}), ([F(2, 3), F(2, 3)], {"axis": -1}), ([F(), F()], {}),
        ([F(0), F(0)], {"axis": 1}), ([F(4)], {"axis": 0}),
    ]),
    ("split", lambda x, o: torch.split(x, o["sizes"], o.get("axis", 0)), [
        ([F(4, 3)], {"sizes": 2}), ([F(5, 3)], {"sizes": 2}), ([F(2, 6)], {"sizes": [1, 3, 2], "axis": 1}), ([F(3, 2)], {"sizes": [3, 0]}),
        ([F(1)], {"sizes": 1}), ([F(0, 4)], {"sizes": [1, 3], "axis": -1}), ([F(2, 1, 2, 4)], {"sizes": [2, 2], "axis": 3}),
    ]),
    ("chunk", lambda x, o: torch.chunk(x, o["chunks"], o.get("axis", 0)), [
        ([F(4, 3)], {"chunks": 2}), ([F(2, 7)], {"chunks": 3, "axis": 1}), ([F(3)], {"chunks": 1}),
    ]),
    ("pad", pad, [
        ([F(2, 3)], {"padding": [[1, 0], [2, 1]]}), ([F(2, 3)], {"padding": [[0, 1], [0, 0]], "value": 1.5}), ([F(3)], {"padding": [[2, 2]]}),
        ([F(0, 2)], {"padding": [[1, 1], [0, 0]]}), ([F(2, 1, 2, 3)], {"padding": [[0, 0], [0, 0], [1, 2], [2, 1]]}),
        ([F(3, 4)], {"padding": [[0, -1], [-1, 2]]}),
        ([F(1, 2, 3, 4)], {"padding": [[0, 0], [0, 0], [1, 2], [2, 1]], "mode": "reflect"}),
        ([F(1, 2, 3, 4)], {"padding": [[0, 0], [0, 0], [1, 2], [2, 1]], "mode": "replicate"}),
        ([F(1, 2, 3, 4)], {"padding": [[0, 0], [0, 0], [1, 2], [2, 1]], "mode": "circular"}),
        ([F(2, 2, 5)], {"padding": [[0, 0], [0, 0], [3, 4]], "mode": "reflect"}),
    ]),
    ("tile", lambda x, o: x.tile(o["repeats"]), [
        ([F(2, 3)], {"repeats": [2, 1]}), ([F(2, 3)], {"repeats": [1, 2]}), ([F(3)], {"repeats": [2, 2]}), ([F()], {"repeats": [3]}),
        ([F(2, 3)], {"repeats": [2]}), ([F(2)], {"repeats": [0]}), ([F(1, 2, 1, 2)], {"repeats": [2, 1, 3, 2]}),
    ]),
    ("flip", lambda x, o: x.flip(o["axes"]), [
        ([F(2, 3)], {"axes": [0]}), ([F(2, 3)], {"axes": [0, -1]}), ([F(5)], {"axes": [0]}), ([F(0, 2)], {"axes": [0, 1]}),
        ([F(2, 1, 3, 2, 2)], {"axes": [2, 4]}), ([F(1)], {"axes": [0]}),
    ]),
    ("roll", lambda x, o: x.roll(o["shifts"], o["axes"]) if "axes" in o else x.roll(o["shifts"]), [
        ([F(4, 3)], {"shifts": [1], "axes": [0]}), ([F(4, 3)], {"shifts": [-1, 2], "axes": [0, 1]}), ([F(5)], {"shifts": [7], "axes": [0]}),
        ([F(2, 3)], {"shifts": 2}), ([F(0, 2)], {"shifts": [1], "axes": [1]}), ([F(2, 1, 3, 2, 2)], {"shifts": [1, 1], "axes": [-1, 2]}),
    ]),
    ("tril", lambda x, o: x.tril(o.get("diagonal", 0)), [
        ([F(3, 4)], {}), ([F(2, 3, 3)], {"diagonal": 1}), ([F(4, 3)], {"diagonal": -1}), ([F(0, 3)], {}), ([F(1, 1)], {}),
    ]),
    ("triu", lambda x, o: x.triu(o.get("diagonal", 0)), [
        ([F(3, 4)], {}), ([F(2, 3, 3)], {"diagonal": 1}), ([F(4, 3)], {"diagonal": -1}), ([F(0, 3)], {}), ([F(1, 1)], {}),
    ]),
]]
