"""Writes attention.json: what PyTorch's attention layer and encoder layer make of sines.

Run with a Python that has PyTorch: python3 attention.py. Weights and inputs are the sines that layers_test.ts computes
too; each tensor's shift is its place in the state dictionary, or 100 and more for inputs.
"""

import json
import pathlib

import torch
from torch import nn


def sines(shape, shift):
    size = torch.Size(shape).numel()
    return torch.sin(torch.arange(size, dtype=torch.float64) * 0.7 + shift).reshape(shape).mul(0.5).float()


def fill(module):
    state = {name: sines(tensor.shape, i) for i, (name, tensor) in enumerate(module.state_dict().items())}
    module.load_state_dict(state)
    return {name: list(tensor.shape) for name, tensor in state.items()}


attention = nn.MultiheadAttention(6, 2, batch_first=True)
shapes = {"attention": fill(attention)}
query, key, value = sines((2, 3, 6), 100), sines((2, 4, 6), 101), sines((2, 4, 6), 102)
causal = nn.Transformer.generate_square_subsequent_mask(3)
block = nn.TransformerEncoderLayer(
    6, 2, dim_feedforward=8, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
).eval()
shapes["block"] = fill(block)
with torch.no_grad():
    values = {
        "shapes": shapes,
        "cross": attention(query, key, value)[0].flatten().tolist(),
        "causal": attention(query, query, query, attn_mask=causal)[0].flatten().tolist(),
        "block": block(query, src_mask=causal).flatten().tolist(),
    }
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(values) + "\n")
