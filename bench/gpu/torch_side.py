"""PyTorch on a card as a side of the comparison; answers as ../peers/torch_side.py does (see ../peers/serve.ts).

The networks, batches and optimizers are those of networks.ts, written as one would in PyTorch: float32 without TF32,
float16 by autocast with a GradScaler. `gpt-float32-offload` keeps what is saved for the backward pass in pinned host memory
(`save_on_cpu`), `gpt-float32-checkpoint` computes each block again.
EBB_DEVICE: cuda or cpu. EBB_SIZE: full or small.
"""

import contextlib
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "peers"))
from torch_serve import serve  # noqa: E402  (where it lies is said above)

DEVICE = os.environ.get("EBB_DEVICE", "cuda")
SMALL = os.environ.get("EBB_SIZE") == "small"
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False

GPT = (64, 2, 2, 32, 32, 4) if SMALL else (50304, 12, 12, 768, 1024, 8)
RESNET = (4, 8) if SMALL else (64, 128)
MLP = ([16, 32, 10], 8) if SMALL else ([784, 4096, 4096, 10], 512)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = (
            part.view(n, t, self.heads, c // self.heads).transpose(1, 2) for part in self.qkv(self.n1(x)).chunk(3, 2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(n, t, c))
        return x + self.down(F.gelu(self.up(self.n2(x))))


class Gpt(nn.Module):
    def __init__(self, vocab, layers, heads, width, context, again=False):
        super().__init__()
        self.again = again
        self.tokens, self.positions = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions.weight
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=False) if self.again else block(x)
        return self.head(self.norm(x)).transpose(1, 2)


class PreactBlock(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.b1, self.c1 = nn.BatchNorm2d(a), nn.Conv2d(a, b, 3, stride, 1, bias=False)
        self.b2, self.c2 = nn.BatchNorm2d(b), nn.Conv2d(b, b, 3, 1, 1, bias=False)
        self.sc = None if stride == 1 and a == b else nn.Conv2d(a, b, 1, stride, bias=False)

    def forward(self, x):
        active = F.relu(self.b1(x))
        around = x if self.sc is None else self.sc(active)
        return self.c2(F.relu(self.b2(self.c1(active)))) + around


class Resnet(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        layers, a = [], width
        for i in range(8):
            b = width * 2 ** (i // 2)
            layers.append(PreactBlock(a, b, 2 if i > 0 and i % 2 == 0 else 1))
            a = b
        self.layers, self.bn, self.fc = nn.Sequential(*layers), nn.BatchNorm2d(a), nn.Linear(a, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.layers(self.conv1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Case:
    operations = 1

    def __init__(self, model, make, x, y, half, offload=False):
        self.model, self.x, self.y, self.half = model.to(DEVICE), x.to(DEVICE), y.to(DEVICE), half
        self.optimizer = make(self.model.parameters())
        self.scaler = torch.amp.GradScaler(DEVICE, enabled=half)
        self.saved = torch.autograd.graph.save_on_cpu(pin_memory=DEVICE == "cuda") if offload else None

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        with self.saved or contextlib.nullcontext():
            with torch.autocast(DEVICE, torch.float16, enabled=self.half):
                loss = F.cross_entropy(self.model(self.x), self.y)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.item()

    def check_value(self):
        """The MiB reserved after some steps, on a card."""
        for _ in range(4):
            self.step()
        return torch.cuda.max_memory_reserved() / 2**20 if DEVICE == "cuda" else 0


def gpt(half=False, offload=False, again=False):
    vocab, layers, heads, width, context, batch = GPT
    ids = torch.arange(batch * context)
    x, y = ((ids + shift) * 13 % vocab for shift in (0, 1))
    model = Gpt(vocab, layers, heads, width, context, again)
    shape = (batch, context)
    return Case(model, lambda p: torch.optim.AdamW(p, 1e-4), x.view(shape), y.view(shape), half, offload)


def resnet(half=False):
    width, batch = RESNET
    x, y = torch.rand(batch, 3, 32, 32) * 2 - 1, torch.arange(batch) * 7 % 10
    return Case(Resnet(width), lambda p: torch.optim.SGD(p, 0.01, momentum=0.9), x, y, half)


def mlp(half=False):
    sizes, batch = MLP
    layers = [part for a, b in zip(sizes, sizes[1:]) for part in (nn.Linear(a, b), nn.ReLU())][:-1]
    x, y = torch.rand(batch, sizes[0]) * 2 - 1, torch.arange(batch) * 7 % 10
    return Case(nn.Sequential(*layers), lambda p: torch.optim.AdamW(p, 1e-4), x, y, half)


CASES = {f"{make.__name__}-float{32 >> half}": (lambda make=make, half=half: make(bool(half))) for make in (gpt, resnet, mlp) for half in (0, 1)}
CASES["gpt-float32-offload"] = lambda: gpt(offload=True)
CASES["gpt-float32-checkpoint"] = lambda: gpt(again=True)


def dropped():
    if DEVICE == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


serve(CASES, dropped)
