"""Everything a user can get wrong, case by case: refused with the promised exit code and one line that says what.

A case runs under `check`, `train --single-process` and, where ranks could behave differently, `train` on ranks. Each
must end by itself, report once, and not start a run.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import CONFIG, RANKS, changed, samples, weights, write_data  # noqa: E402
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, main, write_config  # noqa: E402

USAGE, DATA, IO = 2, 3, 4
SECONDS = 60
CHECK, SINGLE, ON_RANKS = "check", "single", "ranks"
ALONE = (CHECK, SINGLE)
EVERYWHERE = (CHECK, SINGLE, ON_RANKS)
TRAINING = (SINGLE, ON_RANKS)


def check_refused(finished, code, fragments):
    check_equal(finished.code, code, f"exit code of {finished}")
    errors = [line for line in finished.err.splitlines() if line.startswith("interlock: ") and "error:" in line]
    check(len(errors) == 1, f"{len(errors)} lines of error where one is expected: {finished}")
    for fragment in fragments:
        check(fragment in errors[0], f"'{fragment}' is not in the message: {finished}")
    for trace in ["terminate called", "what():", "Exception raised from", "Traceback"]:
        check(trace not in finished.err, f"'{trace}' in the output: {finished}")


def invoke(interlock, how, arguments=(), ranks=RANKS):
    if how == CHECK:
        return interlock.run("check", "config.yaml", *arguments, timeout=SECONDS)
    if how == SINGLE:
        return interlock.run("train", "config.yaml", "--single-process", *arguments, timeout=SECONDS)
    return interlock.run("train", "config.yaml", *arguments, ranks=ranks, timeout=SECONDS)


def refused(name, config, code, fragments, how=(CHECK,), arguments=(), ranks=RANKS, prepare=None):
    """A case: `config` is sections, or YAML text as it stands; `prepare` spoils the files in the folder."""
    def run(interlock):
        write_data(interlock.folder)
        if isinstance(config, str):
            (interlock.folder / "config.yaml").write_text(config)
        else:
            write_config(interlock.folder / "config.yaml", config)
        if prepare:
            prepare(interlock.folder)
        for one in how:
            check_refused(invoke(interlock, one, arguments, ranks), code, fragments)
            check(not (interlock.folder / "run/metrics.jsonl").exists(), "a run was started all the same")
    return name, run


def command(name, words, code, fragments, prepare=None, ranks=0):
    """A case of a whole command line."""
    def run(interlock):
        write_data(interlock.folder)
        write_config(interlock.folder / "config.yaml", CONFIG)
        if prepare:
            prepare(interlock.folder)
        check_refused(interlock.run(*words, ranks=ranks, timeout=SECONDS), code, fragments)
    return name, run


# --- files that are wrong in one way each

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

CONFIGS = [
    refused("unknown key", "training: {epochs: 1}\nlearning: {horizn: 2}\n", USAGE,
            ["config.yaml:2:", "learning.horizn", "unknown", "'horizon'"], EVERYWHERE),
    refused("unknown section", "trainning: {epochs: 1}\n", USAGE, ["config.yaml:1:1", "trainning", "'training'"]),
    refused("wrong type", changed({"training.epochs": "many"}), USAGE, ["config.yaml:7:", "training.epochs", "many"], ALONE),
    refused("a list where a number belongs", changed({"optimizer.lr": [0.1]}), USAGE, ["optimizer.lr"]),
    refused("out of range", changed({"training.batch_size": 0}), USAGE, ["training.batch_size", "0"]),
    refused("not a number", changed({"optimizer.lr": "nan"}), USAGE, ["optimizer.lr", "nan"]),
    refused("negative learning rate", CONFIG, USAGE, ["command line", "optimizer.lr", "-1"], arguments=["optimizer.lr=-1"]),
    refused("option that the kind does not have", changed({"optimizer.kind": "adam"}), USAGE, ["optimizer.momentum", "sgd"]),
    refused("unknown value", changed({"optimizer.kind": "sdg"}), USAGE, ["optimizer.kind", "sdg", "'sgd'"]),
    refused("broken YAML", "model: {kind: [\n", USAGE, ["config.yaml:"]),
    refused("not a config at all", "\x00\x01\x02 \xff", USAGE, ["config.yaml"]),
    refused("layers missing", changed({"model.layers": None}), USAGE, ["model.layers"]),
    refused("data.path missing", changed({"data.path": None}), USAGE, ["data.path"]),
    refused("micro-batches without samples", changed({"schedule.micro_batches": 9}), USAGE,
            ["schedule.micro_batches", "9", "8"]),
    refused("unknown device", changed({"run.device": "tpu"}), USAGE, ["run.device", "tpu"], TRAINING),
    refused("an override without a value", CONFIG, USAGE, ["training.epochs", "key.path=value"], arguments=["training.epochs"]),
    refused("an override of an unknown key", CONFIG, USAGE, ["command line", "epoch", "'epochs'"], EVERYWHERE,
            arguments=["training.epoch=2"]),
]

CUTS = [
    refused("more stages than layers", changed({"partition.layers": None}, {"partition.stages": 6},
                                               {"learning.heads": None}), USAGE, ["partition", "6 stages", "5 layers"], EVERYWHERE,
            ranks=7),
    refused("horizon beyond the stages", changed({"learning.horizon": 3}), USAGE, ["learning.horizon", "3", "2 stages"],
            EVERYWHERE),
    refused("horizon zero", changed({"learning.horizon": 0}), USAGE, ["learning.horizon", "0"]),
    refused("an empty stage", changed({"partition.layers": [5, 0]}), USAGE, ["partition.layers", "empty"]),
    refused("'rest' leaves nothing", changed({"partition.layers": [5, "rest"]}), USAGE, ["partition.layers", "empty"], ALONE),
    refused("counts that do not add up", changed({"partition.layers": [2, 2]}), USAGE,
            ["partition.layers", "add", "4", "5 layers"], EVERYWHERE),
    refused("counts that do not match the stages", changed({"partition.stages": 3}), USAGE, ["partition.stages", "3", "2"]),
    refused("as many mix weights as the horizon has not", changed({"learning.mix": [1, 1]}), USAGE,
            ["learning.mix", "2 weights", "horizon"]),
    refused("heads for other stages", changed({"learning.heads": [["relu"], ["relu"], ["relu"]]}), USAGE,
            ["learning.heads", "3 heads"]),
    refused("too few ranks", CONFIG, USAGE, ["2 ranks", "2", "mpirun -np 3"], [ON_RANKS], ranks=2),
    refused("too many ranks", CONFIG, USAGE, ["5 ranks", "mpirun -np 3"], [ON_RANKS], ranks=5),
    refused("one rank of mpirun", CONFIG, USAGE, ["1 rank", "mpirun -np 3"], [ON_RANKS], ranks=1),
    command("no mpirun at all", ["train", "config.yaml"], USAGE, ["1 rank", "mpirun -np 3", "--single-process"]),
]

NETWORKS = [
    refused("unknown layer", changed({"model.layers": [{"linaer": {"in": 6, "out": 4}}, "relu"]},
                                     {"partition.layers": [1, 1]}), USAGE, ["config.yaml:1:", "linaer", "'linear'"]),
    refused("unknown argument of a layer", changed({"model.layers": [{"linear": {"in": 6, "out": 4, "bais": True}}, "relu"]},
                                                   {"partition.layers": [1, 1]}), USAGE, ["config.yaml:1:", "bais", "bias"]),
    refused("shapes that do not fit inside a stage",
            changed({"model.layers": [{"linear": {"in": 5, "out": 16}}, *LAYERS[1:]]}), USAGE,
            ["config.yaml:1:", "layers.0", "5", "[6]"]),
    refused("shapes that do not fit between two stages",
            changed({"model.layers": [*LAYERS[:2], {"linear": {"in": 12, "out": 16}}, *LAYERS[3:]]}), USAGE,
            ["config.yaml:1:", "layers.2", "12", "[16]", "stage 0"], EVERYWHERE),
    refused("a head that does not fit", changed({"learning.heads": [[{"linear": {"in": 7, "out": 4}}]]}), USAGE,
            ["config.yaml:3:", "heads.0.0", "7", "[16]"], EVERYWHERE),
    refused("an image layer on a vector", changed({"model.layers": ["gbpl", *LAYERS[1:]]}), USAGE, ["layers.0", "[6]"]),
    refused("a head string of nonsense", changed({"learning.heads": None}, {"learning.head": "conv16_bm_fc"}), USAGE,
            ["config.yaml:3:", "learning.head"], EVERYWHERE),
    refused("an unknown part of a head string", changed({"learning.heads": None}, {"learning.head": "fc8_bm_fc"}), USAGE,
            ["learning.head", "'bm'"]),
    refused("fewer outputs than classes", changed({"model.layers": [*LAYERS[:4], {"linear": {"in": 16, "out": 3}}]}), DATA,
            ["class 3", "3 outputs"], ALONE),
]

DATA_FILES = [
    refused("labels outside the network's classes", CONFIG, DATA, ["train.safetensors", "class 6", "4 outputs"], EVERYWHERE,
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
    refused("a folder for a data file", changed({"data.path": "."}), DATA, ["."]),
    refused("garbage for a data file", CONFIG, DATA, ["train.safetensors", "byte 0"], EVERYWHERE,
            prepare=write_bytes("train.safetensors", b"not safetensors, but long enough " * 20)),
    refused("an empty data file", CONFIG, DATA, ["train.safetensors"], prepare=write_bytes("train.safetensors", b"")),
    refused("a truncated data file", CONFIG, DATA, ["train.safetensors"], EVERYWHERE, prepare=truncate("train.safetensors", 300)),
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
    refused("CIFAR: an empty file", CIFAR, DATA, ["test_batch.bin", "empty"], prepare=write_cifar({"test_batch.bin": b""})),
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

COMMAND_LINES = [
    command("no command", [], USAGE, ["--help"]),
    command("unknown command", ["trian", "config.yaml"], USAGE, ["trian"]),
    command("no config", ["train"], USAGE, ["CONFIG"]),
    command("unknown option", ["check", "config.yaml", "--fast"], USAGE, ["--fast"]),
    command("missing config file", ["check", "missing.yaml"], USAGE, ["missing.yaml"]),
    command("missing config file, on ranks", ["train", "missing.yaml"], USAGE, ["missing.yaml"], ranks=RANKS),
    command("a folder without a config", ["check", "."], USAGE, ["config.yaml"],
            prepare=lambda folder: (folder / "config.yaml").unlink()),
    command("a number of steps that is none", ["verify", "config.yaml", "--steps", "0"], USAGE, ["--steps"]),
    command("--resume of something that is no checkpoint", ["train", "config.yaml", "--single-process", "--resume=nowhere"],
            DATA, ["nowhere", "checkpoint"]),
    command("--resume of something that is no checkpoint, on ranks", ["train", "config.yaml", "--resume=."], DATA,
            ["--resume", "checkpoint"], ranks=RANKS),
    command("evaluation without a checkpoint", ["eval", "config.yaml"], DATA, ["checkpoint"]),
    command("evaluation without data for it", ["eval", "config.yaml", "data.eval_path="], DATA, ["data.eval_path"]),
    command("export of nothing", ["export", "nowhere", "--out", "w.safetensors"], DATA, ["nowhere", "checkpoint"]),
    command("export of a folder without a checkpoint", ["export", ".", "--out", "w.safetensors"], DATA, ["checkpoint"]),
    command("an unknown format", ["export", ".", "--out", "w", "--format", "onnx"], USAGE, ["onnx", "torchvision"]),
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
    flip_byte(trained(interlock) / "stage-1.safetensors", -5)
    check_checkpoint_refused(interlock, ["stage-1.safetensors", "damaged"],
                             [([*RESUME, "--single-process"], 0), (RESUME, RANKS), (EVAL, 0), (EVAL, RANKS), (EXPORT, 0)])


def truncated_shard(interlock):
    shard = trained(interlock) / "stage-0.safetensors"
    shard.write_bytes(shard.read_bytes()[:-100])
    check_checkpoint_refused(interlock, ["stage-0.safetensors", "damaged"], [(RESUME, RANKS), (EVAL, 0)])


def missing_shard(interlock):
    (trained(interlock) / "stage-0.safetensors").unlink()
    check_checkpoint_refused(interlock, ["stage-0.safetensors"], [(EVAL, RANKS), (EVAL, 0)])


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

main(CONFIGS + CUTS + NETWORKS + DATA_FILES + WEIGHTS + COMMAND_LINES + FOLDERS + CHECKPOINTS)
