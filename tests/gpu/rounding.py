#!/usr/bin/env python3
"""How far apart float32 alone makes gradients: gpu.oracle's ResNet in plain PyTorch on the CPU, end to end, the third step's
gradients by two algorithms of convolution, against float64. Where the tolerance of `interlock verify` on GPUs comes from
(docs/gpu.md).

    python3 tests/gpu/rounding.py [NETWORKS]
"""

import copy
import statistics
import sys

import torch
from torch import nn
from torch.nn import functional as F

STEPS, BATCH, MICRO_BATCHES = 3, 16, 4


class Block(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False), nn.BatchNorm2d(channels_out))
        self.second = nn.Sequential(nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False), nn.BatchNorm2d(channels_out))
        changes = stride != 1 or channels_in != channels_out
        self.beside = nn.Sequential(nn.Conv2d(channels_in, channels_out, 1, stride, bias=False),
                                    nn.BatchNorm2d(channels_out)) if changes else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.beside(x))


def network():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), Block(8, 8, 1), Block(8, 8, 1),
                         Block(8, 16, 2), Block(16, 16, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def gradients(net, inputs, targets):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for step, (x, y) in enumerate(zip(inputs.split(BATCH), targets.split(BATCH))):
        optimizer.zero_grad()
        size = BATCH // MICRO_BATCHES
        for a, b in zip(x.split(size), y.split(size)):
            (F.cross_entropy(net(a.to(next(net.parameters()).dtype)), b, reduction="sum") / BATCH).backward()
        if step + 1 < STEPS:
            optimizer.step()
    return [parameter.grad.double() for parameter in net.parameters()]


def main(networks):
    rows = {"oneDNN and float64": [], "plain kernels and float64": [], "oneDNN and plain kernels": []}
    for seed in range(networks):
        torch.manual_seed(seed)
        net, inputs, targets = network(), torch.rand(STEPS * BATCH, 3, 16, 16), torch.randint(0, 10, (STEPS * BATCH,))
        exact = gradients(copy.deepcopy(net).double(), inputs, targets)
        quick = gradients(copy.deepcopy(net), inputs, targets)
        torch._C._set_mkldnn_enabled(False)
        plain = gradients(copy.deepcopy(net), inputs, targets)
        torch._C._set_mkldnn_enabled(True)
        for name, a, b in zip(rows, (quick, plain, quick), (exact, exact, plain)):
            rows[name].append((max((x - y).abs().max().item() for x, y in zip(a, b)),
                               max(((x - y).norm() / y.norm()).item() for x, y in zip(a, b))))
    for name, differences in rows.items():
        absolute, by_norm = zip(*differences)
        print(f"{name}: largest difference {statistics.median(absolute):.1e}, at most {max(absolute):.1e}; "
              f"by norm {statistics.median(by_norm):.1e}, at most {max(by_norm):.1e}")


torch.set_num_threads(1)
main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
