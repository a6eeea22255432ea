"""Local, pairwise and N-wise learning on ranks against plain autograd.

The reference never detaches and never passes a gradient from stage to stage: it builds the whole graph and asks
autograd for the derivative of each loss with respect to the weights of each stage that learns from it. So it agrees
only if the gradients that travel between the ranks are those derivatives, no more and no fewer of them.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main, skip_without  # noqa: E402

skip_without("torch", "safetensors", "numpy")
import torch  # noqa: E402
from reference import (Network, add_gradients, batches_of, compare_losses, compare_tensors, factor,  # noqa: E402
                       losses_of, make_config, make_optimizer, make_task, mean_loss, train_ours)

BATCH, SAMPLES = 8, 77  # ten batches, the last of five; with three micro-batches 3 + 3 + 2, and 3 + 2
SGD = {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}


def mlp(stages):
    """Two layers a stage, one in the last, and heads of different depth."""
    layers, heads = [], []
    width = 10
    for stage in range(stages - 1):
        layers += [{"linear": {"in": width, "out": 14 + stage}}, "tanh"]
        width = 14 + stage
        deep = [{"linear": {"in": width, "out": 9}}, "relu", {"linear": {"in": 9, "out": 4}}]
        heads.append(deep if stage % 2 == 0 else [{"linear": {"in": width, "out": 4}}])
    layers.append({"linear": {"in": width, "out": 4}})
    return layers, [2] * (stages - 1) + [1], heads, (10,), 4


def convnet(batch_norm):
    """Four stages; with batch norm in the main net and in a head."""
    def block(channels_in, channels_out, **options):
        norm = [{"batchnorm2d": {"channels": channels_out}}] if batch_norm else []
        return [{"conv2d": {"in": channels_in, "out": channels_out, "padding": 1, **options}}, *norm, "relu"]

    stages = [block(3, 6, bias=not batch_norm), [*block(6, 8), "maxpool2d"], block(8, 8, stride=2),
              ["flatten", {"linear": {"in": 32, "out": 5}}]]
    heads = [[*block(6, 4), "gbpl", {"linear": {"in": 4, "out": 5}}], ["gbpl", {"linear": {"in": 8, "out": 5}}],
             ["flatten", {"linear": {"in": 32, "out": 5}}]]
    return sum(stages, []), [len(stage) for stage in stages], heads, (3, 8, 8), 5


def train_reference(network, optimizer, batches, factors, live, micro_batch, loss):
    history = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        sums = [0.0 if used else None for used in live]
        for x, y in zip(inputs.split(micro_batch), targets.split(micro_batch)):
            share = len(x) / len(inputs)  # so that the sum over micro-batches is the mean over the batch
            losses = losses_of(network, x, y, live, loss)
            add_gradients(network, losses, factors, share)
            sums = [None if total is None else total + share * value.item() for total, value in zip(sums, losses)]
        optimizer.step()
        history.append(sums)
    return history


def compare(interlock, model, horizon, mix="farthest", micro_batches=1, optimizer=SGD, train_all_heads=False,
            loss="cross_entropy"):
    layers, counts, heads, shape, classes = model
    stages = len(counts)
    learning = {"horizon": horizon, "mix": mix, "heads": heads, "train_all_heads": train_all_heads}
    n = {"local": 1, "pairwise": 2}.get(horizon, horizon)
    factors = [[factor(mix, l, k, n, stages) for k in range(stages)] for l in range(stages)]
    live = [l == stages - 1 or train_all_heads or any(factors[l]) for l in range(stages)]
    dead_heads = [f"heads.{k}." for k in range(stages - 1) if not live[k]]

    torch.manual_seed(5)
    network = Network(layers, counts, heads)
    inputs, targets = make_task(13, SAMPLES, shape, classes)
    if loss == "mean_squared_error":
        targets = torch.nn.functional.one_hot(targets, classes).float()
    config = make_config(layers, counts, BATCH, optimizer, micro_batches, learning, loss=loss)
    ours, tensors, _ = train_ours(interlock, config, network, inputs, targets)

    before = network.tensors()
    theirs = train_reference(network, make_optimizer(network.parameters(), optimizer),
                             batches_of(inputs, targets, BATCH), factors, live, -(-BATCH // micro_batches),
                             mean_loss(loss))
    for name, tensor in network.tensors().items():
        dead = name.startswith(tuple(dead_heads)) if dead_heads else False
        check(dead or "num_batches" in name or not torch.equal(tensor, before[name]), f"{name} did not learn")
    if dead_heads:
        check_equal([name for name in tensors if name.startswith(tuple(dead_heads))], [], "exported dead heads")
    return max(compare_losses(ours, theirs), compare_tensors(tensors, network, untouched=dead_heads))


ADAM = {"kind": "adam", "lr": 0.01}
main([
    ("local, 3 stages, MLP", lambda i: compare(i, mlp(3), "local")),
    ("local, 4 stages, conv net, three micro-batches", lambda i: compare(i, convnet(False), 1, micro_batches=3)),
    ("pairwise, 3 stages, MLP", lambda i: compare(i, mlp(3), "pairwise")),
    ("pairwise, 3 stages, MLP, three micro-batches", lambda i: compare(i, mlp(3), 2, micro_batches=3)),
    ("pairwise, 3 stages, MLP, sum", lambda i: compare(i, mlp(3), 2, mix="sum")),
    ("pairwise, 3 stages, MLP, mean, three micro-batches",
     lambda i: compare(i, mlp(3), 2, mix="mean", micro_batches=3)),
    ("pairwise, 3 stages, MLP, weights", lambda i: compare(i, mlp(3), 2, mix=[0.7, 0.4])),
    ("pairwise, 3 stages, MLP, Adam", lambda i: compare(i, mlp(3), 2, optimizer=ADAM)),
    ("pairwise, 3 stages, MLP, all heads", lambda i: compare(i, mlp(3), 2, train_all_heads=True)),
    ("pairwise, 4 stages, conv net", lambda i: compare(i, convnet(False), 2)),
    ("pairwise, 4 stages, conv net with batch norm, three micro-batches",
     lambda i: compare(i, convnet(True), 2, micro_batches=3)),
    ("pairwise, 3 stages, MLP, mean squared error", lambda i: compare(i, mlp(3), 2, loss="mean_squared_error")),
    ("3-wise, 4 stages, MLP", lambda i: compare(i, mlp(4), 3)),
    ("3-wise, 4 stages, MLP, sum, three micro-batches", lambda i: compare(i, mlp(4), 3, mix="sum", micro_batches=3)),
    ("3-wise, 4 stages, MLP, mean", lambda i: compare(i, mlp(4), 3, mix="mean")),
    ("3-wise, 4 stages, MLP, weights with a zero", lambda i: compare(i, mlp(4), 3, mix=[0.5, 0, 1.5], micro_batches=3)),
    ("3-wise, 4 stages, conv net, three micro-batches", lambda i: compare(i, convnet(False), 3, micro_batches=3)),
    ("3-wise, 4 stages, conv net with batch norm, mean", lambda i: compare(i, convnet(True), 3, mix="mean")),
    ("3-wise, 5 stages, MLP, three micro-batches", lambda i: compare(i, mlp(5), 3, micro_batches=3)),
    ("end to end by number, 3 stages, MLP", lambda i: compare(i, mlp(3), 3)),
    ("end to end by number, 3 stages, MLP, sum", lambda i: compare(i, mlp(3), 3, mix="sum")),
])
