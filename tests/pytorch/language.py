"""GPT-2 in plain PyTorch, attention written out, with the tensors' names that `export` gives."""

import math

import torch
from torch import nn
from torch.nn import functional as F

IGNORED = -100


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
        scores = query @ key.transpose(2, 3) / math.sqrt(width / self.heads)
        future = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(future, -math.inf).softmax(3) @ value
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


class Table(nn.Module):
    def __init__(self, entries, width):
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(entries, width))


class TokenEmbedding(nn.Module):
    def __init__(self, entries, width, positions):
        super().__init__()
        self.token, self.position = Table(entries, width), Table(positions, width)

    def forward(self, tokens):
        return self.token.weight[tokens] + self.position.weight[:tokens.shape[1]]


class Output(nn.Module):
    def __init__(self, width, entries):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, entries, bias=False)

    def forward(self, x):
        return self.projection(self.norm(x))


class LanguageModel(nn.Module):
    """`head` ("norm_fc", "norm_unembed", "block_norm_fc" or None) for each stage but the last.

    `tied`: "one": all that share the tied matrix hold the very same Parameter, as one writes it in PyTorch. "copies":
    each holds its own, and sum_copies() gives every copy the sum of their gradients. "no": nothing is shared.
    """

    def __init__(self, entries, positions, blocks, width, attention_heads, counts, tied, head=None):
        super().__init__()
        self.layers = nn.Sequential(TokenEmbedding(entries, width, positions),
                                    *[Block(width, attention_heads) for _ in range(blocks)], Output(width, entries))
        places = [self.layers[0].token, self.layers[-1].projection] if tied != "no" else []
        heads = []
        for _ in counts[:-1] if head else []:
            parts = []
            for name in head.split("_"):
                if name == "norm":
                    parts.append(nn.LayerNorm(width))
                elif name == "block":
                    parts.append(Block(width, attention_heads))
                else:
                    parts.append(nn.Linear(width, entries, bias=False))
                    if name == "unembed":
                        places.append(parts[-1])
            heads.append(nn.Sequential(*parts))
        self.heads = nn.ModuleList(heads)
        for place in places[1:]:
            matrix = places[0].weight
            place.weight = matrix if tied == "one" else nn.Parameter(matrix.detach().clone())
        self.copies = [place.weight for place in places]
        ends = [sum(counts[:k + 1]) for k in range(len(counts))]
        self.stages = [self.layers[end - count:end] for end, count in zip(ends, counts)]

    def sum_copies(self):
        gradients = [copy.grad for copy in self.copies if copy.grad is not None]
        for copy in self.copies:
            copy.grad = sum(gradients).clone() if gradients else None

    def tensors(self):
        return {name: tensor.detach().clone().contiguous() for name, tensor in self.state_dict().items()}


def mean_loss(scores, targets):
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def lines_as_samples(text, context):
    """Bytes of each line between two ends of line, cut or padded to `context`: (inputs, targets)."""
    inputs, targets = [], []
    for line in text.splitlines():
        tokens = [10, *line.encode(), 10]
        row, wanted = tokens[:-1][:context], tokens[1:][:context]
        inputs.append(row + [0] * (context - len(row)))
        targets.append(wanted + [IGNORED] * (context - len(wanted)))
    return torch.tensor(inputs), torch.tensor(targets)
