"""Fine-tuning against plain PyTorch: a file with torchvision's names, a new classifier, frozen layers.

Frozen means what PyTorch users do for it: no gradient, no optimizer state, and the module in evaluation mode.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, largest_difference, main, metrics, skip_without  # noqa: E402

skip_without("torch", "torchvision", "safetensors", "numpy")
import torch  # noqa: E402
import torchvision  # noqa: E402
from reference import TOLERANCE, compare_losses  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from torch.nn import functional as F  # noqa: E402

FILE_CLASSES, CLASSES, SAMPLES, BATCH, SIZE = 7, 4, 24, 8, 64
LR, MOMENTUM, DECAY = 0.01, 0.9, 1e-4
RESNET18 = {"kind": "resnet", "block": "basic", "super_blocks": "64,2/128,2/256,2/512,2", "stem": "imagenet",
            "init": "pretrained.safetensors", "new_classifier": True}
# Our layers 0 .. 10 as torchvision's modules; layer 9 is the pooling.
LAYERS = [["conv1", "bn1"], *([f"layer{group}.{block}"] for group in range(1, 5) for block in range(2)), [], ["fc"]]


def make_files(interlock):
    """Data, and weights of another number of classes that look trained: statistics that differ from a batch's."""
    torch.manual_seed(4)
    inputs = torch.randn(SAMPLES, 3, SIZE, SIZE)
    targets = torch.arange(SAMPLES) % CLASSES
    save_file({"inputs": inputs, "targets": targets}, interlock.folder / "train.safetensors")
    pretrained = torchvision.models.resnet18(num_classes=FILE_CLASSES)
    with torch.no_grad():
        for _ in range(20):
            pretrained(torch.randn(8, 3, SIZE, SIZE) * 1.3 + 0.2)
    save_file({name: tensor.contiguous() for name, tensor in pretrained.state_dict().items()},
              interlock.folder / "pretrained.safetensors")
    return inputs, targets


def make_config(counts, freeze, **optimizer):
    return {"model": {**RESNET18, "freeze": freeze},
            "partition": {"layers": counts},
            "learning": {"horizon": "all"},
            "data": {"kind": "tensors", "path": "train.safetensors", "shuffle": False},
            "optimizer": {"kind": "sgd", "lr": LR, "momentum": MOMENTUM, "weight_decay": DECAY, **optimizer},
            "training": {"batch_size": BATCH, "epochs": 1}}


def start_of_ours(interlock, config):
    """All weights before the first step, the classifier's included, by a step too small to see."""
    still = {**config, "optimizer": {"kind": "sgd", "lr": 1e-30}}
    interlock.train("still", still, "training.max_steps=1", ranks=1 + len(config["partition"]["layers"]))
    return load_file(interlock.export("still", "still.safetensors", "--format", "torchvision"))


def train_theirs(interlock, classifier, frozen, inputs, targets):
    network = torchvision.models.resnet18(num_classes=FILE_CLASSES)
    network.load_state_dict(load_file(interlock.folder / "pretrained.safetensors"))
    network.fc = torch.nn.Linear(512, CLASSES)
    network.fc.load_state_dict(classifier)
    network.train()
    for layer in frozen:
        for module in map(network.get_submodule, LAYERS[layer]):
            module.requires_grad_(False).eval()
    optimizer = torch.optim.SGD([parameter for parameter in network.parameters() if parameter.requires_grad], lr=LR,
                                momentum=MOMENTUM, weight_decay=DECAY)
    losses = []
    for x, y in zip(inputs.split(BATCH), targets.split(BATCH)):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(x.contiguous(memory_format=torch.channels_last)), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return network, losses


def fine_tuning(interlock, counts, freeze, frozen):
    inputs, targets = make_files(interlock)
    config = make_config(counts, freeze)
    pretrained = load_file(interlock.folder / "pretrained.safetensors")
    start = start_of_ours(interlock, config)
    for name, tensor in start.items():
        is_weight = "running" not in name and "num_batches" not in name
        if is_weight and not name.startswith("fc."):
            check((tensor - pretrained[name]).abs().max() < 1e-20, f"{name} is not as in the file")
    classifier = {name[3:]: tensor for name, tensor in start.items() if name.startswith("fc.")}
    check_equal(tuple(classifier["weight"].shape), (CLASSES, 512), "shape of the new classifier")

    run = interlock.train("run", config, ranks=1 + len(counts))
    ours = load_file(interlock.export("run", "end.safetensors", "--format", "torchvision"))
    network, losses = train_theirs(interlock, classifier, frozen, inputs, targets)
    check_equal(len(losses), SAMPLES // BATCH, "steps")
    stages = [None] * (len(counts) - 1)
    worst = max(compare_losses([step["loss"] for step in metrics(run, "step")], [[*stages, loss] for loss in losses]),
                largest_difference(ours, network.state_dict(), "tensors after fine-tuning", TOLERANCE))
    for name, tensor in ours.items():
        layer = next(i for i, modules in enumerate(LAYERS) if any(name.startswith(part + ".") for part in modules))
        if not name.startswith("fc."):
            check(tensor.equal(pretrained[name]) == (layer in frozen), f"{name}: frozen is not what it was")
    return worst


main([
    ("ResNet-18, stage 0 and half of stage 1 frozen", lambda i: fine_tuning(i, [3, 3, 5], "0-4", range(5))),
    ("ResNet-18, only the classifier learns", lambda i: fine_tuning(i, [4, 3, 4], "all_but_last", range(10))),
    ("ResNet-18, frozen layers between others", lambda i: fine_tuning(i, [3, 3, 5], "3-5,7", [3, 4, 5, 7])),
])
