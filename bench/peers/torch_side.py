"""PyTorch as a side of the comparison: holds a case and answers requests, one JSON line each (see serve.ts).

Cases, data and hyperparameters are those of ../cases.ts and ../networks.ts, written as one would in PyTorch.
EBB_THREADS: threads, default 2. EBB_TORCH_FUSED=1: PyTorch's own fused forms too (Adam(fused=True), scaled dot product
attention), where the plain ones are the default.
"""

import math
import os

THREADS = int(os.environ.get("EBB_THREADS", "2"))
os.environ["OMP_NUM_THREADS"] = str(THREADS)
FUSED = os.environ.get("EBB_TORCH_FUSED") == "1"

import torch  # noqa: E402  (reads OMP_NUM_THREADS when it is loaded)
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from torch_serve import serve  # noqa: E402

torch.set_num_threads(THREADS)

WORD = 0xFFFFFFFF


def uniform(seed, shape, scale=1.0, grad=False):
    """The numbers of ../values.ts: a counter, hashed."""
    h = (torch.arange(math.prod(shape)) + (seed * 0x9E3779B9 & WORD)) & WORD
    for factor, shift in ((0x85EBCA6B, 16), (0xC2B2AE35, 13)):
        h = ((h ^ (h >> shift)) * factor) & WORD
    h = h ^ (h >> 16)
    values = (h.double() / 2**32 * 2 - 1) * scale
    return values.float().reshape(shape).requires_grad_(grad)


def zeros(*shape):
    return torch.zeros(*shape, requires_grad=True)


def labels(n):
    return torch.arange(n) * 7 % 10


class Case:
    """A step, how many operations it has, and a check; training has none, its check is the loss of the fifth step."""

    def __init__(self, step, check=None, operations=1):
        self.step, self.check, self.operations = step, check, operations

    def check_value(self):
        if self.check is not None:
            return float(self.check().detach())
        return [self.step() for _ in range(5)][-1]


def product(n):
    a, b = uniform(1, (n, n)), uniform(2, (n, n))
    return Case(lambda: a @ b, lambda: (a @ b)[0].double().sum())


def addition(n, operations, grad=False):
    a, b = uniform(1, (n,), grad=grad), uniform(2, (n,))

    def step():
        for _ in range(operations):
            a + b

    return Case(step, lambda: (a + b)[:16].double().sum(), operations)


def convolution(backward):
    x, w = uniform(3, (32, 3, 32, 32), grad=backward), uniform(4, (64, 3, 3, 3), 0.2, backward)
    dy = uniform(5, (32, 64, 32, 32))

    def step():
        x.grad = w.grad = None
        y = F.conv2d(x, w, padding=1)
        if backward:
            y.backward(dy)
        return y

    def check():
        y = step()
        return w.grad[0].double().sum() + x.grad[0, 0, 0].double().sum() if backward else y[0, 0, 0].double().sum()

    return Case(step, check)


def training(optimizer, loss_of):
    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.item()

    return Case(step)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3, fused=FUSED or None)


def mlp():
    sizes = [784, 256, 128, 10]
    layers = [
        (uniform(20 + k, sizes[k : k + 2], math.sqrt(6 / sizes[k]), True), zeros(sizes[k + 1])) for k in range(3)
    ]
    x, y = uniform(10, (128, 784)), labels(128)

    def loss():
        h = x
        for k, (w, b) in enumerate(layers):
            h = torch.addmm(b, h, w)
            if k < 2:
                h = F.relu(h)
        return F.cross_entropy(h, y)

    return training(adam([p for layer in layers for p in layer]), loss)


def cnn():
    w1 = uniform(31, (16, 1, 3, 3), math.sqrt(6 / 9), True)
    w2 = uniform(32, (32, 16, 3, 3), math.sqrt(6 / 144), True)
    w3 = uniform(33, (6272, 10), math.sqrt(6 / 6272), True)
    b1, b2, b3 = zeros(16), zeros(32), zeros(10)
    x, y = uniform(30, (64, 1, 28, 28)), labels(64)

    def loss():
        h = F.relu(F.conv2d(x, w1, b1, padding=1))
        h = F.relu(F.conv2d(h, w2, b2, padding=1))
        return F.cross_entropy(torch.addmm(b3, F.max_pool2d(h, 2).flatten(1), w3), y)

    return training(adam([w1, b1, w2, b2, w3, b3]), loss)


def transformer():
    batch, length, width, heads = 8, 64, 128, 4
    x, target = uniform(40, (batch, length, width)), uniform(41, (batch, length, width))
    mask = torch.full((length, length), -1e9).triu(1)
    sizes = [(width, width)] * 4 + [(width, 4 * width), (4 * width, width)]
    blocks = []
    for layer in range(2):
        weights = [uniform(50 + 10 * layer + j, s, 1 / math.sqrt(s[0]), True) for j, s in enumerate(sizes)]
        norms = [(torch.ones(width, requires_grad=True), zeros(width)) for _ in range(2)]
        blocks.append((weights, [zeros(s[1]) for s in sizes], norms))

    def attend(q, k, v):
        if FUSED:
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(width // heads) + mask, -1) @ v

    def block(h, weights, biases, norms):
        def linear(a, j):
            return a @ weights[j] + biases[j]

        a = F.layer_norm(h, (width,), *norms[0])
        q, k, v = (linear(a, j).view(batch, length, heads, -1).transpose(1, 2) for j in range(3))
        h = h + linear(attend(q, k, v).transpose(1, 2).reshape(batch, length, width), 3)
        return h + linear(F.relu(linear(F.layer_norm(h, (width,), *norms[1]), 4)), 5)

    def loss():
        h = x
        for parts in blocks:
            h = block(h, *parts)
        return ((h - target) ** 2).mean()

    parameters = [p for w, b, norms in blocks for p in (*w, *b, *norms[0], *norms[1])]
    return training(adam(parameters), loss)


class Block(nn.Module):
    """Pre-activation: the shortcut starts behind the first normalisation where it changes the shape."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        same = stride == 1 and inputs == outputs
        self.sc = None if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        z = F.relu(self.bn1(x))
        shortcut = x if self.sc is None else self.sc(z)
        return self.conv2(F.relu(self.bn2(self.conv1(z)))) + shortcut


class PreActResNet18(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        widths = [width, width, 2 * width, 2 * width, 4 * width, 4 * width, 8 * width, 8 * width]
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.layers = nn.Sequential(
            *(Block(before, now, 2 if i in (2, 4, 6) else 1) for i, (before, now) in enumerate(zip([width, *widths], widths)))
        )
        self.bn = nn.BatchNorm2d(8 * width)
        self.fc = nn.Linear(8 * width, classes)

    def forward(self, x):
        return self.fc(F.relu(self.bn(self.layers(self.conv1(x)))).mean((2, 3)))


def photographs():
    model = PreActResNet18(16, 10).train()
    with torch.no_grad():
        for i, (name, p) in enumerate(sorted(model.named_parameters())):
            if p.dim() > 1:  # all others keep their ones and zeros
                p.copy_(uniform(100 + i, p.shape, math.sqrt(6 / p[0].numel())))
            elif name == "fc.bias":
                p.zero_()
    return model, uniform(60, (128, 3, 32, 32)), labels(128)


def resnet():
    model, x, y = photographs()
    return training(
        torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), lambda: F.cross_entropy(model(x), y)
    )


def pgd():
    model, x, y = photographs()
    model.eval().requires_grad_(False)
    images, epsilon = (x + 1) * 0.5, 6 / 255
    lowest, highest = (images - epsilon).clamp(0, 1), (images + epsilon).clamp(0, 1)

    def attack():
        adversarial = images
        for _ in range(7):
            adversarial = adversarial.detach().requires_grad_()
            (slope,) = torch.autograd.grad(F.cross_entropy(model(adversarial), y), adversarial)
            adversarial = (adversarial.detach() + epsilon / 5 * slope.sign()).clamp(lowest, highest)
        return adversarial

    return Case(attack, lambda: F.cross_entropy(model(attack()), y))


CASES = {
    "mm512": lambda: product(512),
    "mm1024": lambda: product(1024),
    "add1m": lambda: addition(10**6, 1),
    "add16": lambda: addition(16, 1000),
    "add16grad": lambda: addition(16, 1000, True),
    "conv_f": lambda: convolution(False),
    "conv_fb": lambda: convolution(True),
    "mlp": mlp,
    "cnn": cnn,
    "xf": transformer,
    "resnet": resnet,
    "pgd": pgd,
}


serve(CASES)
