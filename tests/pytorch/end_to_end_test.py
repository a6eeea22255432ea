"""learning.horizon: all, cut in three stages on ranks, against torch.nn, torch.optim and one backward() a batch.

Ten steps, the last batch ragged: losses, weights, running statistics and learning rates within 1e-5.
"""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, largest_difference, main, skip_without  # noqa: E402

skip_without("torch", "safetensors", "numpy")
import torch  # noqa: E402
from reference import (Network, batches_of, compare_losses, compare_tensors, make_config, make_optimizer,  # noqa: E402
                       make_task, mean_loss, train_ours)

BATCH, SAMPLES = 8, 77  # ten batches, the last of five
SGD = {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
MLP = [{"linear": {"in": 10, "out": 16}}, "relu", {"linear": {"in": 16, "out": 16}}, "tanh",
       {"layernorm": {"features": 16}}, {"linear": {"in": 16, "out": 4}}]
CONVNET = [{"conv2d": {"in": 3, "out": 8, "padding": 1}}, "relu", "maxpool2d",
           {"conv2d": {"in": 8, "out": 8, "stride": 2, "padding": 1, "bias": False}}, "relu", "flatten",
           {"linear": {"in": 32, "out": 5}}]
BATCH_NORM_NET = [{"conv2d": {"in": 3, "out": 6, "padding": 1, "bias": False}}, {"batchnorm2d": {"channels": 6}},
                  "relu", {"conv2d": {"in": 6, "out": 8, "kernel": 3}}, {"batchnorm2d": {"channels": 8}}, "relu",
                  "gbpl", {"linear": {"in": 8, "out": 4}}]


def train_reference(network, optimizer, batches, loss, epochs, rate_of_step):
    losses = []
    for _ in range(epochs):
        for inputs, targets in batches:
            for group in optimizer.param_groups:
                group["lr"] = rate_of_step(len(losses) + 1)
            optimizer.zero_grad()
            value = loss(network.layers(inputs), targets)
            value.backward()
            optimizer.step()
            losses.append([None, None, value.item()])
    return losses


def compare(interlock, layers, counts, shape, classes, optimizer=SGD, micro_batches=1, rate=None, task=None,
            loss="cross_entropy", epochs=1):
    """`rate` gives the learning rate of a step, counted from 1; None: it stays at lr."""
    torch.manual_seed(7)
    network = Network(layers, counts)
    inputs, targets = task or make_task(11, SAMPLES, shape, classes)
    config = make_config(layers, counts, BATCH, optimizer, micro_batches, loss=loss, epochs=epochs)
    ours, tensors, steps = train_ours(interlock, config, network, inputs, targets)

    rate = rate or (lambda step: optimizer["lr"])
    theirs = train_reference(network, make_optimizer(network.parameters(), optimizer),
                             batches_of(inputs, targets, BATCH), mean_loss(loss), epochs, rate)
    check(theirs[0][-1] != theirs[-1][-1], "nothing was learned, so nothing was tested")
    rates = largest_difference({step["step"]: step["lr"] for step in steps},
                               {step["step"]: rate(step["step"]) for step in steps}, "learning rates", 1e-9)
    return max(compare_losses(ours, theirs), compare_tensors(tensors, network), rates)


def mlp(interlock, **options):
    return compare(interlock, MLP, [2, 2, 2], (10,), 4, **options)


def regression(interlock):
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(SAMPLES, 10, generator=generator)
    task = (inputs, torch.tanh(inputs @ torch.randn(10, 4, generator=generator)))
    return mlp(interlock, task=task, loss="mean_squared_error", micro_batches=3, optimizer={**SGD, "weight_decay": 0})


def multistep(interlock):
    schedule = {"kind": "multistep", "milestones": [2, 3], "gamma": 0.2}
    return mlp(interlock, optimizer={**SGD, "schedule": schedule}, epochs=3,
               rate=lambda step: 0.1 * 0.2 ** ((step - 1) // 10))


def multistep_of_torch(interlock):
    """torch's MultiStepLR counts epochs from 0: its milestone 1 is our epoch 2."""
    scheduler = torch.optim.lr_scheduler.MultiStepLR(torch.optim.SGD([torch.zeros(1)], lr=0.1), [1, 3], gamma=0.5)
    rates = []
    for _ in range(4):
        rates += [scheduler.get_last_lr()[0]] * 10
        scheduler.optimizer.step()
        scheduler.step()
    schedule = {"kind": "multistep", "milestones": [2, 4], "gamma": 0.5}
    return mlp(interlock, optimizer={**SGD, "schedule": schedule}, epochs=4, rate=lambda step: rates[step - 1])


def cosine_of_torch(interlock):
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(torch.optim.SGD([torch.zeros(1)], lr=0.1), 20, eta_min=0.01)
    rates = []
    for _ in range(20):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    schedule = {"kind": "cosine", "minimum": 0.01}
    return mlp(interlock, optimizer={**SGD, "schedule": schedule}, epochs=2, rate=lambda step: rates[step - 1])


def cosine_after_warmup(interlock):
    def rate(step):
        cosine = 0.1 * 0.5 * (1 + math.cos(math.pi * max(0, step - 1 - 4) / 16))
        return cosine * min(1, step / 4)

    schedule = {"kind": "cosine", "warmup_steps": 4}
    return mlp(interlock, optimizer={**SGD, "schedule": schedule}, epochs=2, rate=rate)


def inverse_sqrt(interlock):
    schedule = {"kind": "inverse_sqrt", "warmup_steps": 5}
    optimizer = {"kind": "adam", "lr": 0.03, "betas": [0.9, 0.98], "epsilon": 1e-9, "schedule": schedule}
    return mlp(interlock, optimizer=optimizer, rate=lambda step: 0.03 * min(step ** -0.5, step * 5 ** -1.5))


main([
    ("MLP, one micro-batch", mlp),
    ("MLP, three micro-batches", lambda i: mlp(i, micro_batches=3)),
    ("MLP, eight micro-batches of one sample", lambda i: mlp(i, micro_batches=8)),
    ("MLP, Nesterov momentum", lambda i: mlp(i, optimizer={**SGD, "nesterov": True})),
    ("MLP, Adam", lambda i: mlp(i, optimizer={"kind": "adam", "lr": 0.01, "weight_decay": 0.01})),
    ("MLP, AdamW",
     lambda i: mlp(i, optimizer={"kind": "adamw", "lr": 0.01, "weight_decay": 0.1, "betas": [0.8, 0.99]})),
    ("MLP, mean squared error", regression),
    ("conv net", lambda i: compare(i, CONVNET, [3, 2, 2], (3, 8, 8), 5)),
    ("conv net, three micro-batches", lambda i: compare(i, CONVNET, [1, 3, 3], (3, 8, 8), 5, micro_batches=3)),
    ("conv net with batch norm, one micro-batch", lambda i: compare(i, BATCH_NORM_NET, [2, 2, 4], (3, 6, 6), 4)),
    ("learning rate: multistep", multistep),
    ("learning rate: multistep, torch's scheduler", multistep_of_torch),
    ("learning rate: cosine, torch's scheduler", cosine_of_torch),
    ("learning rate: cosine after a warm-up", cosine_after_warmup),
    ("learning rate: inverse square root, Adam", inverse_sqrt),
])
