"""The networks of the benchmark `gpu`, by the layers and the names of tensors of docs/models.md: ResNets of bottleneck
blocks for large images, and GPT-2's decoder."""

import torch
from networks import MeanOverImage, named_tensors  # noqa: F401
from torch import nn
from torch.nn import functional as F


class Stem(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, stride=2, padding=1)


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample = nn.Identity()
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        y = self.bn3(self.conv3(y))
        y += self.downsample(x)
        return F.relu(y, inplace=True)


def resnet_layers(super_blocks, classes):
    groups = [tuple(map(int, group.split(","))) for group in super_blocks.split("/")]
    channels = groups[0][0]
    layers = [Stem(channels)]
    for g, (width, blocks) in enumerate(groups):
        for b in range(blocks):
            layers.append(Bottleneck(channels, width, 2 if g > 0 and b == 0 else 1))
            channels = 4 * width
    layers += [MeanOverImage(), nn.Linear(channels, classes)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return layers


class Table(nn.Module):
    def __init__(self, entries, width):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(entries, width))


class TokenEmbedding(nn.Module):
    def __init__(self, entries, width, positions):
        super().__init__()
        self.token, self.position = Table(entries, width), Table(positions, width)

    def forward(self, tokens):
        return F.embedding(tokens, self.token.weight) + self.position.weight[:tokens.shape[1]]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        query, key, value = (part.view(n, tokens, self.heads, -1).transpose(1, 2)
                             for part in self.query_key_value(x).split(width, 2))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(mixed.transpose(1, 2).reshape(n, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.contract(F.gelu(self.expand(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.mlp = Attention(width, heads), Mlp(width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Output(nn.Module):
    def __init__(self, width, entries):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, entries, bias=False)

    def forward(self, x):
        return self.projection(self.norm(x))


def transformer_layers(blocks, width, heads, entries, context):
    layers = [TokenEmbedding(entries, width, context), *[Block(width, heads) for _ in range(blocks)], Output(width, entries)]
    for layer in layers:
        for module in layer.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
    return layers


def make_layers(job):
    if job["kind"] == "resnet":
        return resnet_layers(job["super_blocks"], job["classes"])
    return transformer_layers(job["blocks"], job["width"], job["attention_heads"], job["classes"], job["context"])


def mean_loss(scores, targets):
    """Of images, one target each, and of tokens, one a position; in float32 as autocast has it."""
    return F.cross_entropy(scores.float().flatten(0, -2), targets.flatten())
