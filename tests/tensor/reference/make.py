#!/usr/bin/env python3
"""Writes the values that op tests compare with: runs every case of `cases/` in PyTorch.

Run by hand where PyTorch is installed (`python make.py`); the project itself does not need PyTorch. Writes

- `cases.jsonl`: a line a case: op, operands in words, options, shapes of outputs, where its values start;
- `values.safetensors`: a float32 vector an op: of each case the outputs, then the gradients of
  sum(output * cotangent) with respect to each floating operand. Computed in float64, rounded once.

Operands and cotangents are not stored: see `operands.py`.
"""

import importlib
import json
import math
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import torch

from operands import F, elements

HERE = Path(__file__).parent
FAMILIES = ["elementwise", "reduce", "linear", "shape", "indexing", "conv", "pool", "norm", "loss"]
TORCH_TYPES = {"float": torch.float64, "int64": torch.int64, "int32": torch.int32, "uint8": torch.uint8, "bool": torch.bool}
NAMES = {torch.float64: "float", torch.int64: "int64", torch.int32: "int32", torch.uint8: "uint8", torch.bool: "bool"}


def build(operand, seed):
    if operand["kind"] == "none":
        return None
    if operand["kind"] == "number":
        return operand["value"]
    x = torch.tensor(elements(operand, seed), dtype=TORCH_TYPES[operand["dtype"]])
    return x.requires_grad_(operand["dtype"] == "float" and operand.get("grad", True))


def run(name, number, operands, fn, options, flags):
    """One case: its line of the index and its values."""
    seed = zlib.crc32(f"{name} {number}".encode())
    inputs = [build(operand, (seed + i) & 0xFFFFFFFF) for i, operand in enumerate(operands)]
    result = fn(*inputs, dict(options))
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    wanted = [i for i, x in enumerate(inputs) if isinstance(x, torch.Tensor) and x.requires_grad]
    loss = 0
    for j, y in enumerate(outputs):
        if y.requires_grad:
            cotangent = elements(F(*y.shape), (seed + 100 + j) & 0xFFFFFFFF)
            loss = loss + (y * torch.tensor(cotangent)).sum()
    gradients = []
    if isinstance(loss, torch.Tensor):
        gradients = torch.autograd.grad(loss, [inputs[i] for i in wanted], allow_unused=True)
        gradients = [torch.zeros_like(inputs[i]) if g is None else g for i, g in zip(wanted, gradients)]
    line = {
        "op": name,
        "seed": seed,
        "operands": operands,
        "options": options,
        "outputs": [{"dtype": NAMES[y.dtype], "shape": list(y.shape), "grad": y.requires_grad} for y in outputs],
        "gradients": wanted if gradients else [],
        **flags,
    }
    values = [t.detach().to(torch.float64).numpy().ravel() for t in [*outputs, *gradients]]
    return line, np.concatenate(values).astype(np.float32) if values else np.zeros(0, np.float32)


def write_safetensors(path, vectors):
    header, at = {}, 0
    for name, vector in vectors.items():
        header[name] = {"dtype": "F32", "shape": [len(vector)], "data_offsets": [at, at + 4 * len(vector)]}
        at += 4 * len(vector)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(v.tobytes() for v in vectors.values()))


def main():
    torch.set_num_threads(1)
    lines, vectors = [], {}
    for family in FAMILIES:
        for name, fn, cases in importlib.import_module(f"cases.{family}").OPS:
            assert name not in vectors, f"{name} is listed twice"
            parts, start = [], 0
            for number, case in enumerate(cases):
                operands, options, flags = (*case, {}, {})[:3]
                try:
                    line, values = run(name, number, operands, fn, options, flags)
                except Exception as error:
                    sys.exit(f"{name} case {number} {json.dumps(operands)} {json.dumps(options)}: {error}")
                line["start"] = start
                start += len(values)
                parts.append(values)
                lines.append(json.dumps(line))
            vectors[name] = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    (HERE / "cases.jsonl").write_text("\n".join(lines) + "\n")
    write_safetensors(HERE / "values.safetensors", vectors)
    total = sum(v.nbytes for v in vectors.values())
    print(f"{len(vectors)} ops, {len(lines)} cases, {math.ceil(total / 1000)} kB of values")
    largest = sorted(vectors.items(), key=lambda item: -item[1].nbytes)[:8]
    print("largest:", ", ".join(f"{name} {v.nbytes // 1000} kB" for name, v in largest))


if __name__ == "__main__":
    main()
