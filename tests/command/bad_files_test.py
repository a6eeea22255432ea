"""Data, weights, checkpoints and folders that are missing or damaged: refused with exit code 3 or 4 and one line."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import ALONE, DATA, EVERYWHERE, IO, SECONDS, TRAINING, USAGE, check_refused, refused  # noqa: E402
from small_run import CONFIG, RANKS, changed, samples, weights, write_data  # noqa: E402
from support import tensor_file  # noqa: E402
from support.runner import check_equal, main, write_config  # noqa: E402

# Functions that spoil one file of a folder.

def spoil_tensors(**tensors):
    """Replaces tensors of the training data; None leaves one out."""
    def prepare(folder):
        content = {**samples(1), **tensors}
        tensor_file.write(folder / "train.safetensors", {k: v for k, v in content.items() if v is not None})
    return prepare


def write_bytes(file, content):
    return lambda folder: (folder / file).write_bytes(content)


def truncate(file, bytes_left):
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:bytes_left])


def write_weights(drop=(), **extra):
    def prepare(folder):
        content = {name: tensor for name, tensor in weights().items() if name not in drop}
        content.update({name.replace("__", "."): tensor for name, tensor in extra.items()})
        tensor_file.write(folder / "start.safetensors", content)
    return prepare


CIFAR_RECORD = bytes(3073)


def write_cifar(files):
    """{name: bytes, or a number of bytes that are all zero}; the other files have three records."""
    def prepare(folder):
        (folder / "cifar").mkdir()
        names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
        for name, content in {**{name: 3 * CIFAR_RECORD for name in names}, **files}.items():
            if content is None:
                continue
            with open(folder / "cifar" / name, "wb") as file:
                file.truncate(content) if isinstance(content, int) else file.write(content)
    return prepare


def zeros(*shape):
    count = 1
    for size in shape:
        count *= size
    return tensor_file.floats(shape, [0.0] * count)


CIFAR = {"model": {"kind": "convnet", "channels": [4]}, "partition": {"stages": 2},
         "data": {"kind": "cifar10", "path": "cifar"}, "training": {"batch_size": 4}, "run": {"dir": "run"}}
INIT = changed({"model.init": "start.safetensors"})
LAYERS = CONFIG["model"]["layers"]

DATA_FILES = [
    refused("labels outside the network's classes", CONFIG, DATA, ["train.safetensors", "class 6", "4 outputs"],
            EVERYWHERE,
            prepare=spoil_tensors(targets=tensor_file.integers([0, 6] * 11))),
    refused("a negative label", CONFIG, DATA, ["train.safetensors", "sample 2", "-1"], EVERYWHERE,
            prepare=spoil_tensors(targets=tensor_file.integers([0, 1, -1] + [2] * 19))),
    refused("fewer targets than inputs", CONFIG, DATA, ["targets", "21", "22"],
            prepare=spoil_tensors(targets=tensor_file.integers([0] * 21))),
    refused("targets that are no classes", CONFIG, DATA, ["targets", "cross_entropy"],
            prepare=spoil_tensors(targets=zeros(22))),
    refused("no targets", CONFIG, DATA, ["train.safetensors", "'targets'"], prepare=spoil_tensors(targets=None)),
    refused("no samples", CONFIG, DATA, ["train.safetensors", "inputs"],
            prepare=spoil_tensors(inputs=zeros(0, 6), targets=tensor_file.integers([]))),
    refused("a label outside the classes to evaluate on", CONFIG, DATA, ["eval.safetensors", "class 9"],
            prepare=lambda folder: tensor_file.write(folder / "eval.safetensors", {
                "inputs": zeros(1, 6), "targets": tensor_file.integers([9])})),
    refused("no data file", changed({"data.path": "nowhere.safetensors"}), DATA, ["nowhere.safetensors"], EVERYWHERE),
    refused("garbage for a data file", CONFIG, DATA, ["train.safetensors", "byte 0"], EVERYWHERE,
            prepare=write_bytes("train.safetensors", b"not safetensors, but long enough " * 20)),
    refused("an empty data file", CONFIG, DATA, ["train.safetensors"], prepare=write_bytes("train.safetensors", b"")),
    refused("a truncated data file", CONFIG, DATA, ["train.safetensors"], EVERYWHERE,
            prepare=truncate("train.safetensors", 300)),
    refused("a data file truncated in its header", CONFIG, DATA, ["train.safetensors"],
            prepare=truncate("train.safetensors", 40)),
    refused("a header that is no JSON", CONFIG, DATA, ["train.safetensors"],
            prepare=write_bytes("train.safetensors", (16).to_bytes(8, "little") + b'{"inputs": {"dty')),
    refused("CIFAR: no folder", CIFAR, DATA, ["cifar", "no such folder"], EVERYWHERE),
    refused("CIFAR: a file missing", CIFAR, DATA, ["data_batch_3.bin"], EVERYWHERE,
            prepare=write_cifar({"data_batch_3.bin": None})),
    refused("CIFAR: a file cut off within a record", CIFAR, DATA, ["data_batch_2.bin", "byte 3073", "1000 bytes"],
            ALONE, prepare=write_cifar({"data_batch_2.bin": CIFAR_RECORD + bytes(1000)})),
    refused("CIFAR: a file with records missing", CIFAR, DATA, ["data_batch_1.bin", "3 records", "10000"], ALONE,
            prepare=write_cifar({"test_batch.bin": 10000 * 3073})),
    refused("CIFAR: an empty file", CIFAR, DATA, ["test_batch.bin", "empty"],
            prepare=write_cifar({"test_batch.bin": b""})),
    refused("CIFAR: a label that is no class", CIFAR, DATA, ["data_batch_5.bin", "label 200", "record 1"],
            prepare=write_cifar({"data_batch_5.bin": CIFAR_RECORD + b"\xc8" + CIFAR_RECORD[1:]})),
]

WEIGHTS = [
    refused("model.init: no such file", INIT, DATA, ["start.safetensors"], EVERYWHERE),
    refused("model.init: a tensor missing", INIT, DATA, ["start.safetensors", "'layers.2.bias'", "missing"], EVERYWHERE,
            prepare=write_weights(drop=["layers.2.bias"])),
    refused("model.init: half a head", INIT, DATA, ["start.safetensors", "'heads.0.0.bias'", "missing"],
            prepare=write_weights(drop=["heads.0.0.bias"])),
    refused("model.init: another shape", INIT, DATA, ["start.safetensors", "'layers.4.weight'", "[4, 15]", "[4, 16]"],
            EVERYWHERE, prepare=write_weights(layers__4__weight=zeros(4, 15))),
    refused("model.init: another type", INIT, DATA, ["start.safetensors", "'layers.4.bias'"],
            prepare=write_weights(layers__4__bias=tensor_file.integers([0] * 4))),
    refused("model.init: a tensor too many", INIT, DATA, ["start.safetensors", "'layers.7.weight'"], EVERYWHERE,
            prepare=write_weights(layers__7__weight=zeros(2))),
    refused("model.init: a strange name", INIT, DATA, ["start.safetensors", "'encoder.weight'"],
            prepare=write_weights(encoder__weight=zeros(2))),
    refused("model.init: garbage", INIT, DATA, ["start.safetensors"], TRAINING,
            prepare=write_bytes("start.safetensors", b"\xff" * 500)),
]

# A path below a regular file cannot be made, not even by root.
FOLDERS = [
    refused("run.dir that cannot be made", changed({"run.dir": "train.safetensors/run"}), IO,
            ["train.safetensors/run", "cannot create"], TRAINING),
]


def flip_byte(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


def trained(interlock):
    """A finished run to spoil. Returns its newest checkpoint."""
    write_data(interlock.folder)
    write_config(interlock.folder / "config.yaml", CONFIG)
    interlock.succeed("train", "config.yaml", "--single-process")
    return sorted((interlock.folder / "run/checkpoints").iterdir())[-1]


def shard_of(checkpoint, stage):
    """Its name carries a checksum."""
    return next(checkpoint.glob(f"stage-{stage}-*.safetensors"))


def check_checkpoint_refused(interlock, fragments, commands):
    before = (interlock.folder / "run/metrics.jsonl").read_text()
    for words, ranks in commands:
        check_refused(interlock.run(*words, ranks=ranks, timeout=SECONDS), DATA, fragments)
        check_equal((interlock.folder / "run/metrics.jsonl").read_text(), before, f"metrics.jsonl after {words}")
        check_equal(len(list(interlock.folder.glob("run*"))), 1, "run folders")


RESUME = ["train", "config.yaml", "--resume", "training.epochs=2"]
EVAL = ["eval", "run"]
EXPORT = ["export", "run", "--out", "w.safetensors"]


def damaged_shard(interlock):
    path = shard_of(trained(interlock), 1)
    flip_byte(path, 8 + int.from_bytes(path.read_bytes()[:8], "little") + 5)  # in a weight, which export reads as well
    check_checkpoint_refused(interlock, ["stage-1-", "damaged", "tensor '"],
                             [([*RESUME, "--single-process"], 0), (RESUME, RANKS), (EVAL, 0), (EVAL, RANKS),
                              (EXPORT, 0)])


def truncated_shard(interlock):
    shard = shard_of(trained(interlock), 0)
    shard.write_bytes(shard.read_bytes()[:-100])
    check_checkpoint_refused(interlock, ["stage-0-", "damaged"], [(RESUME, RANKS), (EVAL, 0)])


def missing_shard(interlock):
    shard_of(trained(interlock), 0).unlink()
    check_checkpoint_refused(interlock, ["stage-0-"], [(EVAL, RANKS), (EVAL, 0)])


def damaged_manifest(interlock):
    manifest = trained(interlock) / "manifest.json"
    manifest.write_text(manifest.read_text()[:-20])
    check_checkpoint_refused(interlock, ["manifest.json"], [(RESUME, RANKS), (EVAL, 0)])


def checkpoint_of_another_network(interlock):
    trained(interlock)
    wider = [{"linear": {"in": 6, "out": 20}}, "relu", {"linear": {"in": 20, "out": 16}}, "relu", LAYERS[4]]
    write_config(interlock.folder / "config.yaml", changed({"model.layers": wider}, {"learning.horizon": 2},
                                                           {"learning.heads": None}))
    check_checkpoint_refused(interlock, ["layers.", "expected"], [([*RESUME, "--single-process"], 0), (RESUME, RANKS)])


def checkpoint_of_another_optimizer(interlock):
    trained(interlock)
    write_config(interlock.folder / "config.yaml", changed({"optimizer.kind": "adam"}, {"optimizer.momentum": None}))
    check_checkpoint_refused(interlock, ["optimizer"], [([*RESUME, "--single-process"], 0), (RESUME, RANKS)])


def export_of_something_else(interlock):
    trained(interlock)
    check_refused(interlock.run(*EXPORT, "--format", "torchvision"), USAGE, ["torchvision", "ResNet"])
    check_refused(interlock.run("export", "run", "--out", "train.safetensors/w"), IO, ["train.safetensors/w"])


CHECKPOINTS = [
    ("a damaged shard", damaged_shard),
    ("a truncated shard", truncated_shard),
    ("a missing shard", missing_shard),
    ("a damaged manifest", damaged_manifest),
    ("the checkpoint of another network", checkpoint_of_another_network),
    ("the checkpoint of another optimizer", checkpoint_of_another_optimizer),
    ("export to a format or place that cannot be", export_of_something_else),
]

main(DATA_FILES + WEIGHTS + FOLDERS + CHECKPOINTS)
