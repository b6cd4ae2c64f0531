"""Losses with their options."""

import torch
import torch.nn.functional as T

from operands import D, F, I, N, NONE, V

KINK = {"kink": True}
REDUCTIONS = [{}, {"reduction": "sum"}, {"reduction": "none"}]


def long(x):
    return x if x.is_floating_point() else x.long()


def cross_entropy(logits, labels, weight, o):
    return T.cross_entropy(
        logits, long(labels), weight, ignore_index=o.get("ignoreIndex", -100),
        reduction=o.get("reduction", "mean"), label_smoothing=o.get("labelSmoothing", 0.0),
    )


def labels(*values, shape=None, dtype="int64"):
    return V(list(values), shape, dtype)


def two(fn, target_low=-2):
    """A loss of predictions and targets of one shape."""
    def cases(**kwargs):
        return [([F(*shape), F(*shape, low=target_low, **kwargs)], o) for shape in ((), (1,), (5,), (2, 3), (2, 1, 2, 2, 3)) for o in REDUCTIONS] + \
            [([F(0), F(0, low=target_low, **kwargs)], {"reduction": "sum"}), ([F(0, 2), F(0, 2, low=target_low, **kwargs)], {})]
    return cases


SMOOTH = {"labelSmoothing": 0.125}
CROSS = [([F(4, 3), labels(0, 2, 1, 1), NONE], {**a, **b}) for a in REDUCTIONS for b in ({}, SMOOTH)]
IGNORED = [([F(4, 3), labels(0, 2, -100, 1), NONE], {**a, **b}) for a in REDUCTIONS for b in ({}, SMOOTH)]

OPS = [
    ("crossEntropy", cross_entropy, CROSS + IGNORED + [
        ([F(4, 3), labels(0, 2, 1, 1), NONE], {"ignoreIndex": 1}),
        *[([F(4, 3), labels(0, 2, -100, 1), F(3, low=0.5, grad=False)], {**a, **b}) for a in REDUCTIONS for b in ({}, SMOOTH)],
        ([F(4, 3), labels(0, 2, 1, 1), NONE], {"ignoreIndex": 1, "labelSmoothing": 0.25, "reduction": "sum"}),
        ([F(4, 3), labels(0, 2, 1, 1, dtype="int32"), NONE], {}),
        ([F(1, 1), labels(0), NONE], {}),
        ([F(1, 5), labels(4), NONE], {}),
        ([F(2, 3, 2, 2), I(2, 2, 2, low=0, high=3), NONE], {}),
        ([F(2, 3, 4), I(2, 4, low=0, high=3), NONE], {"labelSmoothing": 0.125}),
        ([F(7, 10), I(7, low=0, high=10), NONE], {"labelSmoothing": 0.125}),
        ([F(0, 3), labels(shape=[0]), NONE], {"reduction": "sum"}),
        ([V([1000, 0, -1000, 1000, 1000, 0], [2, 3]), labels(0, 2), NONE], {"reduction": "none"}, KINK),
    ]),
    ("nllLoss", lambda x, y, o: T.nll_loss(x, long(y), ignore_index=o.get("ignoreIndex", -100), reduction=o.get("reduction", "mean")), [
        ([F(4, 3), labels(0, 2, 1, 1)], o) for o in REDUCTIONS
    ] + [([F(4, 3), labels(0, -100, 1, 1)], {}), ([F(2, 3, 4), I(2, 4, low=0, high=3)], {})]),
    ("mseLoss", lambda x, y, o: T.mse_loss(x, y, reduction=o.get("reduction", "mean")), two("mse")()),
    ("l1Loss", lambda x, y, o: T.l1_loss(x, y, reduction=o.get("reduction", "mean")), [
        ([F(2, 3, low=-2, high=0, away=[0]), F(2, 3, low=0, high=2, away=[0])], o) for o in REDUCTIONS
    ]),
    ("smoothL1Loss", lambda x, y, o: T.smooth_l1_loss(x, y, reduction=o.get("reduction", "mean"), beta=o.get("beta", 1.0)), [
        ([F(2, 3, away=[-1, 0, 1]), V([0] * 6, [2, 3], grad=False)], o) for o in REDUCTIONS
    ]),
    ("klDiv", lambda x, y, o: T.kl_div(x, y, reduction=o.get("reduction", "mean"), log_target=o.get("logTarget", False)), [
        ([F(*shape, low=-3, high=0), F(*shape, low=0.25, high=1)], o)
        for shape in ((), (4,), (3, 4), (2, 1, 3, 2)) for o in REDUCTIONS + [{"reduction": "batchmean"}][: len(shape)]
    ] + [([F(3, 4, low=-3, high=0), F(3, 4, low=-3, high=0)], {"logTarget": True, **o}) for o in REDUCTIONS + [{"reduction": "batchmean"}]] +
     [([V([-1, -2, -3]), V([0, 0.5, 0.5], grad=False)], {"reduction": "sum"}, KINK), ([F(0, 3, low=-3, high=0), F(0, 3, low=0.25, high=1)], {"reduction": "sum"})]),
    ("binaryCrossEntropyWithLogits", lambda x, y, w, o: T.binary_cross_entropy_with_logits(x, y, reduction=o.get("reduction", "mean"), pos_weight=w), [
        ([F(*shape), F(*shape, low=0, high=1), NONE], o) for shape in ((), (5,), (2, 3), (2, 1, 2, 3)) for o in REDUCTIONS
    ] + [([F(2, 3), F(2, 3, low=0, high=1), F(3, low=0.5, grad=False)], o) for o in REDUCTIONS] +
     [([V([-1000, -50, 0, 50, 1000]), V([0, 1, 1, 0, 1], grad=False), NONE], {"reduction": "none"}, KINK), ([F(0), F(0, low=0, high=1), NONE], {"reduction": "sum"})]),
]
