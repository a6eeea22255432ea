"""A small network on a few made-up samples, for tests of the command line: no PyTorch needed to make it."""

import copy
import random
from pathlib import Path

from support import tensor_file
from support.runner import check, check_equal, metrics

SAMPLES, FEATURES, CLASSES = 22, 6, 4

CONFIG = {
    "model": {"kind": "sequential",
              "layers": [{"linear": {"in": FEATURES, "out": 16}}, "relu", {"linear": {"in": 16, "out": 16}}, "relu",
                         {"linear": {"in": 16, "out": CLASSES}}]},
    "partition": {"layers": [2, 3]},
    "learning": {"horizon": 1, "heads": [[{"linear": {"in": 16, "out": CLASSES}}]]},
    "schedule": {"micro_batches": 2},
    "data": {"kind": "tensors", "path": "train.safetensors", "eval_path": "eval.safetensors"},
    "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9},
    "training": {"batch_size": 8, "epochs": 1, "seed": 3},
    "run": {"dir": "run"},
}
STEPS = 3  # an epoch: 22 samples in batches of 8
STAGES = 2
RANKS = 1 + STAGES

# Everything that draws random numbers or keeps statistics, to make bitwise equality worth something.
DEMANDING = {
    "model": {"kind": "convnet", "channels": [4, 6], "batch_norm": True},
    "partition": {"stages": 3},
    "learning": {"horizon": 2, "head": "conv4_bn_gbpl_fc"},
    "schedule": {"micro_batches": 3},
    "data": {"kind": "shapes", "train_samples": 40, "eval_samples": 20, "image_size": 8, "crop_padding": 1,
             "flip": True},
    "optimizer": {"kind": "adamw", "lr": 0.01},
    "training": {"batch_size": 16, "epochs": 1, "clip_norm": 1.0},
}


def changed(*changes):
    """CONFIG with {"section.key": value} changes; None removes the key."""
    config = copy.deepcopy(CONFIG)
    for change in changes:
        for path, value in change.items():
            section, key = path.split(".")
            if value is None:
                config[section].pop(key, None)
            else:
                config.setdefault(section, {})[key] = value
    return config


def samples(seed, count=SAMPLES):
    """inputs and targets as the tensors of a data file; every class occurs."""
    generator = random.Random(seed)
    inputs = [generator.gauss(0, 1) for _ in range(count * FEATURES)]
    return {"inputs": tensor_file.floats([count, FEATURES], inputs),
            "targets": tensor_file.integers([i % CLASSES for i in range(count)])}


def weights():
    """Initial weights for CONFIG, as model.init takes them."""
    generator = random.Random(5)
    shapes = {"layers.0.weight": [16, FEATURES], "layers.0.bias": [16], "layers.2.weight": [16, 16],
              "layers.2.bias": [16], "layers.4.weight": [CLASSES, 16], "layers.4.bias": [CLASSES],
              "heads.0.0.weight": [CLASSES, 16], "heads.0.0.bias": [CLASSES]}
    tensors = {}
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        tensors[name] = tensor_file.floats(shape, [generator.uniform(-0.3, 0.3) for _ in range(count)])
    return tensors


def write_data(folder):
    tensor_file.write(folder / "train.safetensors", samples(1))
    tensor_file.write(folder / "eval.safetensors", samples(2, 10))


def train(interlock, name, config, *arguments, ranks=RANKS):
    write_data(interlock.folder)
    return interlock.train(name, config, *arguments, ranks=ranks)


def exported(interlock, run):
    """Name -> (type, shape, bytes): equal means equal to the last bit."""
    return tensor_file.read_raw(interlock.export(run, f"{Path(run).name}.safetensors"))


def check_same_weights(interlock, first, second):
    ours, theirs = exported(interlock, first), exported(interlock, second)
    check_equal(sorted(ours), sorted(theirs), "names of tensors")
    different = [name for name in ours if ours[name] != theirs[name]]
    check(not different, f"{first} and {second} differ in {different}")


def losses(run):
    return [step["loss"] for step in metrics(run, "step")]
