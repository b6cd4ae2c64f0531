"""Writes optimizers.json: where PyTorch's optimizers take two small parameters in eight steps.

Run with a Python that has PyTorch: python3 optimizers.py. Parameters and gradients are the cosines and sines that
optimizers_test.ts computes too. At steps 4 and 5 the second parameter has no gradient.
"""

import json
import pathlib

import torch

SHAPES = [(3, 4), (5,)]
STEPS = 8

CASES = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.05},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    ],
    "Adam": [
        {"lr": 0.01},
        {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    ],
    "AdamW": [
        {"lr": 0.01},
        {"lr": 0.02, "betas": (0.5, 0.9), "weight_decay": 0.2},
    ],
}


def tensor(shape, function, shift):
    size = torch.Size(shape).numel()
    return function(torch.arange(size, dtype=torch.float64) * 1.7 + shift).float().reshape(shape)


def run(name, options):
    parameters = [tensor(shape, torch.cos, i).requires_grad_() for i, shape in enumerate(SHAPES)]
    optimizer = getattr(torch.optim, name)(parameters, **options)
    for step in range(STEPS):
        for i, parameter in enumerate(parameters):
            skipped = i == 1 and step in (4, 5)
            parameter.grad = None if skipped else tensor(SHAPES[i], torch.sin, 3 * step + i)
        optimizer.step()
    return [parameter.detach().flatten().tolist() for parameter in parameters]


values = [
    {"optimizer": name, "options": options, "parameters": run(name, options)}
    for name, cases in CASES.items()
    for options in cases
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(values) + "\n")
