#!/usr/bin/env python3
"""A remedy that interlock does not have, tried in plain PyTorch: local learning whose heads hold a slowly following copy (an
exponential moving average) of the next stage's first block, so that a stage sees what comes after it without any gradient of it.

    launch/python bench/claims/ema_head.py [SEED ...]

ResNet-20, data and recipe of configs/resnet20.yaml, cut alike; other random numbers, so compare means. Arms: `conv`, the main row's
heads, to see that this is the same experiment; `ema`, the copy and a classifier; `ema_conv`, the copy beside such a convolution.
"""

import copy
import math
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

import data
import record
from origin import origin

ARMS = ("conv", "ema", "ema_conv")
CUT = (2, 3, 2, 2)  # blocks a stage: layers 3, 3, 2 and the rest, with the stem before them and pooling and classifier behind
WIDTHS = (16,) * 3 + (32,) * 3 + (64,) * 3
EPOCHS, BATCH, MICRO_BATCHES, RATE, WARM_UP, MOMENTUM = 6, 128, 4, 0.1, 100, 0.995


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.main = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                  nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.short = nn.Sequential() if stride == 1 else nn.Sequential(nn.Conv2d(inputs, outputs, 1, 2, bias=False),
                                                                       nn.BatchNorm2d(outputs))

    def forward(self, x):
        return functional.relu(self.main(x) + self.short(x))


class Head(nn.Module):
    """Parallel branches, pooled over the image, into one classifier. The copy of the next block does not learn."""

    def __init__(self, arm, width, next_block):
        super().__init__()
        self.copy = copy.deepcopy(next_block).requires_grad_(False) if "ema" in arm else None
        self.conv = None
        if "conv" in arm:
            self.conv = nn.Sequential(nn.Conv2d(width, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        features = 32 * (self.conv is not None) + (next_block.main[0].out_channels if self.copy is not None else 0)
        self.classifier = nn.Linear(features, 10)

    def forward(self, x):
        parts = [branch(x).mean((2, 3)) for branch in (self.copy, self.conv) if branch is not None]
        return self.classifier(torch.cat(parts, 1))

    @torch.no_grad()
    def follow(self, next_block):
        if self.copy is not None:
            for mine, other in zip(self.copy.parameters(), next_block.parameters()):
                mine.lerp_(other, 1 - MOMENTUM)


def build(arm):
    blocks = [Block(before, after) for before, after in zip((16,) + WIDTHS, WIDTHS)]
    stages, firsts, place = [], [], 0
    for count in CUT:
        firsts.append(blocks[place])
        stages.append(blocks[place:place + count])
        place += count
    stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    stages[0].insert(0, stem)
    heads = [Head(arm, stage[-1].main[0].out_channels, following) for stage, following in zip(stages, firsts[1:])]
    heads.append(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)))
    return nn.ModuleList(nn.Sequential(*stage) for stage in stages), nn.ModuleList(heads), firsts


def images(names, limit):
    raw = numpy.concatenate([numpy.fromfile(data.cifar10() / name, numpy.uint8).reshape(-1, 3073) for name in names])[:limit]
    pixels = functional.avg_pool2d(torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).astype(numpy.float32)) / 255, 2)
    mean, deviation = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2460, 0.2411, 0.2576])
    return ((pixels - mean[:, None, None]) / deviation[:, None, None]).contiguous(), torch.from_numpy(raw[:, 0].astype(numpy.int64))


def augmented(x):
    padded = functional.pad(x, (2, 2, 2, 2))
    shifts = torch.randint(0, 5, (len(x), 2)).tolist()
    out = torch.stack([image[:, top:top + 16, left:left + 16] for image, (top, left) in zip(padded, shifts)])
    return torch.where((torch.rand(len(x)) < 0.5)[:, None, None, None], out.flip(3), out)


def rate(step, steps):
    if step < WARM_UP:
        return RATE * (step + 1) / WARM_UP
    return RATE * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (steps - WARM_UP)))


def accuracy(stages, heads, x, y):
    for module in (stages, heads):
        module.eval()
    with torch.no_grad():
        found = sum((heads[-1](nn.Sequential(*stages)(part)).argmax(1) == label).sum().item()
                    for part, label in zip(x.split(500), y.split(500)))
    for module in (stages, heads):
        module.train()
    return found / len(y)


def train(arm, seed):
    torch.manual_seed(seed)
    stages, heads, firsts = build(arm)
    learning = [p for module in (stages, heads) for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=RATE, momentum=0.9, weight_decay=5e-4)
    x, y = images(data.CIFAR10_FILES[:5], 20000)
    test = images(data.CIFAR10_FILES[5:], None)
    steps, step, accuracies = EPOCHS * math.ceil(len(x) / BATCH), 0, []
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.param_groups[0]["lr"] = rate(step, steps)
            optimizer.zero_grad()
            for part in batch.chunk(MICRO_BATCHES):
                h = augmented(x[part])
                for stage, head in zip(stages, heads):
                    h = stage(h.detach())
                    (functional.cross_entropy(head(h), y[part]) * len(part) / len(batch)).backward()
            optimizer.step()
            for head, following in zip(heads[:-1], firsts[1:]):
                head.follow(following)
            step += 1
        accuracies.append(accuracy(stages, heads, *test))
        print(f"{arm}, seed {seed}, step {step} of {steps}: {100 * accuracies[-1]:.1f} %", flush=True)
    return {"arm": arm, "seed": seed, "accuracies": accuracies}


def main():
    torch.set_num_threads(1)
    for seed in map(int, sys.argv[1:] or ["1"]):
        for arm in ARMS:
            entry = train(arm, seed) | origin()
            kept = [e for e in record.read(record.EMA) if (e["arm"], e["seed"]) != (arm, seed)]
            record.write(record.EMA, kept + [entry])


if __name__ == "__main__":
    main()
