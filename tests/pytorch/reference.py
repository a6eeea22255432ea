"""Plain PyTorch to compare with: layer lists as torch.nn modules, and a training loop of a few lines.

Nothing here knows how the program works; only the names of layers and tensors are its own.
"""

import math

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from support.runner import check, check_equal, largest_difference, metrics

TOLERANCE = 1e-5


class MeanOverImage(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


def make_module(layer):
    name, options = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
    options = dict(options)
    if name == "linear":
        return nn.Linear(options["in"], options["out"], bias=options.get("bias", True))
    if name == "conv2d":
        return nn.Conv2d(options["in"], options["out"], options.get("kernel", 3), stride=options.get("stride", 1),
                         padding=options.get("padding", 0), bias=options.get("bias", True))
    if name == "batchnorm2d":
        return nn.BatchNorm2d(options["channels"])
    if name == "layernorm":
        return nn.LayerNorm(options["features"])
    if name == "maxpool2d":
        return nn.MaxPool2d(options.get("kernel", 2))
    return {"relu": nn.ReLU, "tanh": nn.Tanh, "flatten": nn.Flatten, "gbpl": MeanOverImage}[name]()


class Network(nn.Module):
    """The layers of the main net as `layers.<i>`, and the heads of the first stages as `heads.<k>.<j>`."""

    def __init__(self, layers, counts, heads=()):
        super().__init__()
        self.layers = nn.Sequential(*[make_module(layer) for layer in layers])
        self.heads = nn.ModuleList([nn.Sequential(*[make_module(layer) for layer in head]) for head in heads])
        ends = [sum(counts[:k + 1]) for k in range(len(counts))]
        self.stages = [self.layers[end - count:end] for end, count in zip(ends, counts)]

    def tensors(self):
        return {name: tensor.detach().clone().contiguous() for name, tensor in self.state_dict().items()}


def make_task(seed, samples, shape, classes):
    """Random inputs and learnable class targets, the largest class included."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(samples, *shape, generator=generator)
    projection = torch.randn(math.prod(shape), classes, generator=generator)
    targets = (inputs.flatten(1) @ projection).argmax(1)
    targets[0] = classes - 1
    return inputs, targets


def make_optimizer(parameters, options):
    options = {key: value for key, value in options.items() if key != "schedule"}
    kind = options.pop("kind")
    if kind != "sgd" and "epsilon" in options:
        options["eps"] = options.pop("epsilon")
    return {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind](parameters, **options)


def batches_of(inputs, targets, batch_size):
    """In the file's order; the last one may be smaller."""
    return list(zip(inputs.split(batch_size), targets.split(batch_size)))


def make_config(layers, counts, batch_size, optimizer, micro_batches=1, learning=None, **training):
    return {
        "model": {"kind": "sequential", "layers": layers, "init": "start.safetensors"},
        "partition": {"layers": counts},
        "learning": learning or {"horizon": "all"},
        "schedule": {"micro_batches": micro_batches},
        "data": {"kind": "tensors", "path": "train.safetensors", "shuffle": False},
        "optimizer": optimizer,
        "training": {"batch_size": batch_size, **training},
    }


def train_ours(interlock, config, network, inputs, targets):
    """From the same weights on the same data, on ranks. Returns (losses of each step, exported tensors, steps)."""
    save_file(network.tensors(), interlock.folder / "start.safetensors")
    save_file({"inputs": inputs.contiguous(), "targets": targets}, interlock.folder / "train.safetensors")
    ranks = 1 + len(config["partition"]["layers"])
    run = interlock.train("run", config, ranks=ranks)
    steps = metrics(run, "step")
    check_equal([step["step"] for step in steps], list(range(1, len(steps) + 1)), "steps in metrics.jsonl")
    return [step["loss"] for step in steps], load_file(interlock.export("run", "end.safetensors")), steps


def compare_losses(ours, theirs):
    """Both are lists of steps of lists of stages, None where a stage computes no loss."""
    check_equal(len(ours), len(theirs), "number of steps")
    worst = 0.0
    for step, (mine, yours) in enumerate(zip(ours, theirs), start=1):
        check_equal([loss is None for loss in mine], [loss is None for loss in yours], f"missing losses of step {step}")
        for stage, (a, b) in enumerate(zip(mine, yours)):
            if a is None:
                continue
            worst = max(worst, abs(a - b))
            check(abs(a - b) <= TOLERANCE, f"step {step}, loss of stage {stage}: {a} but PyTorch has {b}")
    return worst


def compare_tensors(ours, network, untouched=()):
    """Weights and running statistics; `untouched` are name prefixes that must be absent from ours."""
    theirs = {name: tensor for name, tensor in network.tensors().items() if not name.startswith(tuple(untouched))}
    return largest_difference(ours, theirs, "exported tensors", TOLERANCE)


def mean_loss(kind):
    return F.cross_entropy if kind == "cross_entropy" else F.mse_loss


# The paper's rule, loss by loss and stage by stage on one connected graph.

def reach(stage, horizon, stages):
    return min(stage + horizon - 1, stages - 1)


def factor(mix, loss, stage, horizon, stages):
    """What the derivative of `loss` counts in the gradient of `stage`."""
    farthest = reach(stage, horizon, stages)
    if not stage <= loss <= farthest:
        return 0
    if mix == "farthest" or horizon == stages:  # N = K is plain backpropagation, whatever the mix
        return 1 if loss == farthest else 0
    if mix == "sum":
        return 1
    if mix == "mean":
        return 1 / (farthest - stage + 1)
    return mix[loss - stage]


def losses_of(network, inputs, targets, live, loss):
    """One loss a stage on the connected graph; None where nobody uses it."""
    values, h = [], inputs
    for k, stage in enumerate(network.stages):
        h = stage(h)
        last = k + 1 == len(network.stages)
        values.append((loss(h, targets) if last else loss(network.heads[k](h), targets)) if live[k] else None)
    return values


def add_gradients(network, losses, factors, share):
    """factors[l][k]; each head learns from its own loss alone."""
    def add(value, parameters, scale):
        parameters = list(parameters)
        if not parameters:
            return
        for parameter, gradient in zip(parameters, torch.autograd.grad(value, parameters, retain_graph=True)):
            gradient = gradient * scale
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient

    for l, value in enumerate(losses):
        if value is None:
            continue
        for k, stage in enumerate(network.stages):
            if factors[l][k] != 0:
                add(value, stage.parameters(), share * factors[l][k])
        if l < len(network.heads):
            add(value, network.heads[l].parameters(), share)
