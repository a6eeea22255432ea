"""ResNets against torchvision: exported weights load into its models, which then compute what we compute.

The program prints no logits, but it evaluates: the loss of one sample with class c as its target is -log p_c, so one
evaluation a class gives the whole log-softmax, which fixes the logits up to a constant that no prediction depends on.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, largest_difference, main, metrics, skip_without  # noqa: E402

skip_without("torch", "torchvision", "safetensors", "numpy")
import torch  # noqa: E402
import torchvision  # noqa: E402
from reference import TOLERANCE, compare_losses  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from torch.nn import functional as F  # noqa: E402

CLASSES, SAMPLES, BATCH, SIZE = 4, 8, 4, 64
OPTIMIZER = {"kind": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 1e-4}
RESNET18 = {"kind": "resnet", "block": "basic", "super_blocks": "64,2/128,2/256,2/512,2", "stem": "imagenet"}
RESNET50 = {"kind": "resnet", "block": "bottleneck", "super_blocks": "64,3/128,4/256,6/512,3", "stem": "imagenet"}


def make_data(interlock, samples=SAMPLES):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(samples, 3, SIZE, SIZE, generator=generator)
    targets = torch.arange(samples) % CLASSES
    save_file({"inputs": inputs, "targets": targets}, interlock.folder / "train.safetensors")
    return inputs, targets


def make_config(model, counts, horizon="all"):
    return {
        "model": model,
        "partition": {"layers": counts},
        "learning": {"horizon": horizon},
        "data": {"kind": "tensors", "path": "train.safetensors", "shuffle": False},
        "optimizer": OPTIMIZER,
        "training": {"batch_size": BATCH, "epochs": 1},
    }


def export_into(interlock, run, network):
    """load_state_dict(strict=True): every tensor of the network is there, and nothing else."""
    weights = load_file(interlock.export(run, "torchvision.safetensors", "--format", "torchvision"))
    network.load_state_dict(weights, strict=True)
    return network.eval()


def evaluate(interlock, run, inputs, targets):
    """The program's mean loss on these samples."""
    save_file({"inputs": inputs.contiguous(), "targets": targets}, interlock.folder / "eval.safetensors")
    interlock.succeed("eval", run, "data.eval_path=eval.safetensors")
    return metrics(interlock.folder / run, "eval")[-1]


def compare_predictions(interlock, run, network, samples):
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(SAMPLES, 3, SIZE, SIZE, generator=generator)
    targets = torch.randint(0, CLASSES, (SAMPLES,), generator=generator)
    with torch.no_grad():
        logits = network(inputs)
    mean = evaluate(interlock, run, inputs, targets)
    correct = (logits.argmax(1) == targets).double().mean().item()
    worst = largest_difference({"loss": mean["loss"][-1], "accuracy": mean["accuracy"][-1]},
                               {"loss": F.cross_entropy(logits, targets).item(), "accuracy": correct},
                               "evaluation", TOLERANCE)
    theirs = F.log_softmax(logits.double(), dim=1)
    check(theirs.std() > 1e-3, "the logits are all alike, so nothing was compared")
    for sample in range(samples):
        ours = torch.tensor([-evaluate(interlock, run, inputs[sample:sample + 1], torch.tensor([target]))["loss"][-1]
                             for target in range(CLASSES)], dtype=torch.double)
        worst = max(worst, largest_difference({"log-softmax": ours}, {"log-softmax": theirs[sample]},
                                              f"prediction for sample {sample}", TOLERANCE))
    return worst


def resnet18(interlock, counts, horizon):
    make_data(interlock)
    interlock.train("run", make_config(RESNET18, counts, horizon), ranks=1 + len(counts))
    network = export_into(interlock, "run", torchvision.models.resnet18(num_classes=CLASSES))
    return compare_predictions(interlock, "run", network, samples=2)


def resnet50(interlock):
    # Small steps, and enough of them for the running statistics to settle: else logits are in the hundreds, and 1e-5
    # is below their rounding.
    make_data(interlock, samples=80)
    interlock.train("run", make_config(RESNET50, [6, "rest", 5]), "optimizer.lr=0.0001", ranks=4)
    network = export_into(interlock, "run", torchvision.models.resnet50(num_classes=CLASSES))
    return compare_predictions(interlock, "run", network, samples=1)


def our_names(interlock, config):
    """torchvision's name of each tensor -> ours, found by exporting one checkpoint under both."""
    interlock.train("names", config, "training.max_steps=1")
    ours = tensor_file.read_raw(interlock.export("names", "ours.safetensors"))
    theirs = tensor_file.read_raw(interlock.export("names", "theirs.safetensors", "--format", "torchvision"))
    names = {}
    for name, content in theirs.items():
        same = [own for own, other in ours.items() if other == content and own not in names.values()]
        check(same, f"the tensor that torchvision calls {name} is not among ours")
        # Equal tensors (fresh batch norms) are told apart by the parameter's own name, then by their order.
        names[name] = min(same, key=lambda own: (own.rsplit(".", 1)[-1] != name.rsplit(".", 1)[-1],
                                                 list(ours).index(own)))
    return names


def training_of_resnet18(interlock):
    """Both start from torchvision's initial weights and train two steps end-to-end.

    PyTorch gets its images channels-last, the layout we compute in: with so few samples a batch norm multiplies
    rounding so much that PyTorch's own two layouts, and float64, differ in the second step's loss by 1e-4 and more.
    """
    config = make_config(RESNET18, [4, 3, 4])
    inputs, targets = make_data(interlock)
    names = our_names(interlock, config)
    torch.manual_seed(3)
    network = torchvision.models.resnet18(num_classes=CLASSES)
    save_file({names[name]: tensor.contiguous() for name, tensor in network.state_dict().items()},
              interlock.folder / "start.safetensors")
    run = interlock.train("run", {**config, "model": {**RESNET18, "init": "start.safetensors"}}, ranks=4)
    ours = load_file(interlock.export("run", "end.safetensors", "--format", "torchvision"))

    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    losses = []
    for x, y in zip(inputs.split(BATCH), targets.split(BATCH)):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(x.contiguous(memory_format=torch.channels_last)), y)
        loss.backward()
        optimizer.step()
        losses.append([None, None, loss.item()])
    check_equal(len(losses), 2, "steps")
    return max(compare_losses([step["loss"] for step in metrics(run, "step")], losses),
               largest_difference(ours, network.state_dict(), "weights after two steps", TOLERANCE))


main([
    ("ResNet-18 cut in two, end-to-end", lambda i: resnet18(i, [5, "rest"], "all")),
    ("ResNet-18 cut in three, pairwise", lambda i: resnet18(i, [3, 4, 4], "pairwise")),
    ("ResNet-18, two steps of training", training_of_resnet18),
    ("ResNet-50 cut in three, end-to-end", resnet50),
])
