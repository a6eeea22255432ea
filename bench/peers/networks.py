"""The networks both sides train: ResNets for small images by the layers of docs/models.md, and stages that sleep."""

import time

import torch
from torch import nn
from torch.nn import functional as F


class Stem(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(self.bn1(self.conv1(x)), inplace=True)


class BasicBlock(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = nn.Identity()
        if stride != 1 or before != width:
            self.downsample = nn.Sequential(nn.Conv2d(before, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += self.downsample(x)
        return F.relu(y, inplace=True)


class MeanOverImage(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


def resnet_layers(super_blocks, classes):
    """The flat list of layers that `model: {kind: resnet, super_blocks: ...}` is cut between."""
    groups = [tuple(map(int, group.split(","))) for group in super_blocks.split("/")]
    channels = groups[0][0]
    layers = [Stem(channels)]
    for g, (width, blocks) in enumerate(groups):
        for b in range(blocks):
            layers.append(BasicBlock(channels, width, 2 if g > 0 and b == 0 else 1))
            channels = width
    layers += [MeanOverImage(), nn.Linear(channels, classes)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return layers


def named_tensors(layers):
    """By the names that `interlock export` writes and `model.init` reads."""
    return {f"layers.{i}.{name}": tensor for i, layer in enumerate(layers) for name, tensor in layer.state_dict().items()}


class _Sleep(torch.autograd.Function):
    @staticmethod
    def forward(context, x, forward_seconds, backward_seconds):
        context.backward_seconds = backward_seconds
        if x.device.type != "meta":  # the pipeline's own look at shapes is no work
            time.sleep(forward_seconds)
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        time.sleep(context.backward_seconds)
        return gradient, None, None


class SleepingStage(nn.Module):
    """A stage on a simulated device: a small layer, so that there are weights and gradients, and sleeps for the work."""

    def __init__(self, features, forward_seconds, backward_seconds):
        super().__init__()
        self.linear = nn.Linear(features, features)
        self.seconds = (forward_seconds, backward_seconds)

    def forward(self, x):
        return _Sleep.apply(self.linear(x), *self.seconds)
