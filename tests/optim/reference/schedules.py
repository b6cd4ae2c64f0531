"""Writes schedules.json: the rates of PyTorch's schedulers over twelve steps, base rate 1.

Run with a Python that has PyTorch: python3 schedules.py.
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler as s

CASES = {
    "cosine(10, 0.1)": lambda o: s.CosineAnnealingLR(o, 10, eta_min=0.1),
    "stepDecay(4, 0.3)": lambda o: s.StepLR(o, 4, gamma=0.3),
    "milestones([3, 7], 0.5)": lambda o: s.MultiStepLR(o, [3, 7], gamma=0.5),
    "exponential(0.9)": lambda o: s.ExponentialLR(o, 0.9),
    "linear(6, 0.25, 1)": lambda o: s.LinearLR(o, 0.25, 1, total_iters=6),
    "oneCycle({ steps: 12 })": lambda o: s.OneCycleLR(o, 1, total_steps=12, cycle_momentum=False),
    "oneCycle({ steps: 12, warmUpShare: 0.5, divFactor: 10, finalDivFactor: 100 })": lambda o: s.OneCycleLR(
        o, 1, total_steps=12, pct_start=0.5, div_factor=10, final_div_factor=100, cycle_momentum=False
    ),
    "sequence([linear(4, 0.25, 1), 4], [cosine(8), 8])": lambda o: s.SequentialLR(
        o, [s.LinearLR(o, 0.25, 1, total_iters=4), s.CosineAnnealingLR(o, 8)], [4]
    ),
}


def rates(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for step in range(12):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < 11:
            scheduler.step()
    return found


# PyTorch's recursive cosine rises again beyond its end, ours stays: those values are left out.
values = {name: rates(make)[: 11 if name.startswith("cosine") else 12] for name, make in CASES.items()}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(values) + "\n")
