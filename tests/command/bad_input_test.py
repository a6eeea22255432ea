"""Configs, cuts, networks and command lines that are wrong: refused with exit code 2 and one line that says what.

The usual mistakes are in mistakes_test.py; here is the rest, and what ranks must refuse alike."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import ALONE, DATA, EVERYWHERE, ON_RANKS, TRAINING, USAGE, command, refused  # noqa: E402
from small_run import CONFIG, RANKS, changed  # noqa: E402
from support.runner import main  # noqa: E402

LAYERS = CONFIG["model"]["layers"]

CONFIGS = [
    refused("unknown key", "training: {epochs: 1}\nlearning: {horizn: 2}\n", USAGE,
            ["config.yaml:2:", "learning.horizn", "unknown", "'horizon'"], EVERYWHERE),
    refused("wrong type", changed({"training.epochs": "many"}), USAGE, ["config.yaml:7:", "training.epochs", "many"],
            ALONE),
    refused("a list where a number belongs", changed({"optimizer.lr": [0.1]}), USAGE, ["optimizer.lr"]),
    refused("out of range", changed({"training.batch_size": 0}), USAGE, ["training.batch_size", "0"]),
    refused("not a number", changed({"optimizer.lr": "nan"}), USAGE, ["optimizer.lr", "nan"]),
    refused("negative learning rate", CONFIG, USAGE, ["command line", "optimizer.lr", "-1"],
            arguments=["optimizer.lr=-1"]),
    refused("not a config at all", "\x00\x01\x02 \xff", USAGE, ["config.yaml"]),
    refused("layers missing", changed({"model.layers": None}), USAGE, ["model.layers"]),
    refused("data.path missing", changed({"data.path": None}), USAGE, ["data.path"]),
    refused("unknown device", changed({"run.device": "tpu"}), USAGE, ["run.device", "tpu"], TRAINING),
    refused("an override of an unknown key", CONFIG, USAGE, ["command line", "epoch", "'epochs'"], EVERYWHERE,
            arguments=["training.epoch=2"]),
]

CUTS = [
    refused("more stages than layers", changed({"partition.layers": None}, {"partition.stages": 6},
                                               {"learning.heads": None}), USAGE,
                                               ["partition", "6 stages", "5 layers"], EVERYWHERE,
            ranks=7),
    refused("horizon beyond the stages", changed({"learning.horizon": 3}), USAGE, ["learning.horizon", "3", "2 stages"],
            EVERYWHERE),
    refused("horizon zero", changed({"learning.horizon": 0}), USAGE, ["learning.horizon", "0"]),
    refused("'rest' leaves nothing", changed({"partition.layers": [5, "rest"]}), USAGE, ["partition.layers", "empty"],
            ALONE),
    refused("counts that do not add up", changed({"partition.layers": [2, 2]}), USAGE,
            ["partition.layers", "add", "4", "5 layers"], EVERYWHERE),
    refused("counts that do not match the stages", changed({"partition.stages": 3}), USAGE,
            ["partition.stages", "3", "2"]),
    refused("as many mix weights as the horizon has not", changed({"learning.mix": [1, 1]}), USAGE,
            ["learning.mix", "2 weights", "horizon"]),
    refused("heads for other stages", changed({"learning.heads": [["relu"], ["relu"], ["relu"]]}), USAGE,
            ["learning.heads", "3 heads"]),
    refused("one rank of mpirun", CONFIG, USAGE, ["1 rank", "mpirun -np 3"], [ON_RANKS], ranks=1),
]

NETWORKS = [
    refused("unknown argument of a layer",
            changed({"model.layers": [{"linear": {"in": 6, "out": 4, "bais": True}}, "relu"]},
                                                   {"partition.layers": [1, 1]}), USAGE,
                                                   ["config.yaml:1:", "bais", "bias"]),
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
    refused("an unknown part of a head string", changed({"learning.heads": None}, {"learning.head": "fc8_bm_fc"}),
            USAGE,
            ["learning.head", "'bm'"]),
    refused("fewer outputs than classes", changed({"model.layers": [*LAYERS[:4], {"linear": {"in": 16, "out": 3}}]}),
            DATA,
            ["class 3", "3 outputs"], ALONE),
]

COMMAND_LINES = [
    command("no command", [], USAGE, ["--help"]),
    command("missing config file, on ranks", ["train", "missing.yaml"], USAGE, ["missing.yaml"], ranks=RANKS),
    command("a number of steps that is none", ["verify", "config.yaml", "--steps", "0"], USAGE, ["--steps"]),
    command("--resume of something that is no checkpoint, on ranks", ["train", "config.yaml", "--resume=."], DATA,
            ["--resume", "checkpoint"], ranks=RANKS),
    command("evaluation without data for it", ["eval", "config.yaml", "data.eval_path="], DATA, ["data.eval_path"]),
    command("export of nothing", ["export", "nowhere", "--out", "w.safetensors"], DATA, ["nowhere", "checkpoint"]),
    command("export of a folder without a checkpoint", ["export", ".", "--out", "w.safetensors"], DATA, ["checkpoint"]),
]

main(CONFIGS + CUTS + NETWORKS + COMMAND_LINES)
