"""A number that is none, NaN or infinite: where it arises is named, in the step in which it does, and the run ends, or
leaves the step out on all stages alike."""

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import small_run
from small_run import CONFIG, RANKS, STAGES, changed, check_same_weights, exported, losses, write_data
from support import tensor_file
from support.runner import check, check_equal, main, write_config

FAILED = 5  # exit code
SPOILED = 17  # in the last step of the first epoch: there is a checkpoint before it
BATCH, MICRO_BATCHES = CONFIG["training"]["batch_size"], CONFIG["schedule"]["micro_batches"]


@contextmanager
def fault(text):
    """Numbers of this program are made NaN: RANK:POINT:nan:COUNT, ranks of stages from 1."""
    os.environ["INTERLOCK_TEST_FAULT"] = text
    try:
        yield
    finally:
        del os.environ["INTERLOCK_TEST_FAULT"]


def start(interlock, name, config, *arguments, ranks=RANKS):
    config = {**config, "run": {**config["run"], "dir": name}}
    write_data(interlock.folder)
    write_config(interlock.folder / f"{name}.yaml", config)
    return interlock.run("train", f"{name}.yaml", *arguments, ranks=ranks)


def found_line(finished):
    lines = [line for line in finished.err.splitlines() if "NaN or infinite in step" in line]
    check(lines, f"nothing was found: {finished}")
    return lines[0]


def check_names(line, *words):
    for word in words:
        check(word in line, f"no '{word}' in: {line}")


def named_samples(line):
    return [int(number) for number in re.search(r"samples? ([\d, ]+) of the training data", line).group(1).split(", ")]


def named_at_each_stage(interlock):
    """The 4th micro-batch is the second one of step 2."""
    for stage in range(STAGES):
        kinds = {"output": ("the output of layers.", "micro-batch 1"), "loss": ("the loss", "micro-batch 1"),
                 "gradient": ("the gradient of layers.",)}
        for point, words in kinds.items():
            with fault(f"{stage + 1}:{point}:nan:4"):
                finished = start(interlock, f"{point}{stage}", CONFIG)
            check_equal(finished.code, FAILED, f"exit code of {finished}")
            line = found_line(finished)
            check_names(line, f"stage {stage}: ", "step 2 (epoch 1)", *words)
            check("Traceback" not in finished.err and "bug" not in finished.err, f"{finished}")
            check_equal(len(named_samples(line)), BATCH if point == "gradient" else BATCH // MICRO_BATCHES,
                        f"number of samples in {line}")
            check_equal(list((interlock.folder / f"{point}{stage}").rglob("manifest.json")), [], "checkpoints of half an epoch")


def write_spoiled_data(interlock, spoiled):
    """Sample `spoiled` of the training data holds a NaN."""
    tensors = small_run.samples(1)
    tensors["inputs"][2][spoiled * small_run.FEATURES + 2] = float("nan")
    tensor_file.write(interlock.folder / "train.safetensors", tensors)


def data_named_by_sample(interlock):
    write_data(interlock.folder)
    write_spoiled_data(interlock, SPOILED)
    write_config(interlock.folder / "config.yaml", CONFIG)
    for how, ranks in (([], RANKS), (["--single-process"], 0)):
        finished = interlock.run("train", "config.yaml", *how, ranks=ranks)
        check_equal(finished.code, FAILED, f"exit code of {finished}")
        line = found_line(finished)
        check_names(line, "stage 0: the input data")
        check_equal(named_samples(line), [SPOILED], f"samples in {line}")


def skips(interlock):
    """Ranks and the single process leave the same step out, and go on to the same weights."""
    config = changed({"training.nonfinite": "skip", "training.epochs": 2, "optimizer.kind": "adam", "optimizer.momentum": None})
    weights = []
    for name, how, ranks in (("ranks", [], RANKS), ("single", ["--single-process"], 0)):
        write_data(interlock.folder)
        write_spoiled_data(interlock, SPOILED)
        write_config(interlock.folder / f"{name}.yaml", {**config, "run": {"dir": name}})
        finished = interlock.run("train", f"{name}.yaml", *how, ranks=ranks)
        check_equal(finished.code, 0, f"exit code of {finished}")
        check_equal(finished.err.count("the input data is NaN or infinite in step"), 2, f"findings, one an epoch, of {finished}")
        weights.append(name)
    check_same_weights(interlock, *weights)
    for name, (_, _, data) in exported(interlock, "ranks").items():
        check(b"\x00\x00\xc0\x7f" not in data, f"{name} holds a NaN")


def skips_at_each_stage(interlock):
    config = changed({"training.nonfinite": "skip"})
    for stage in range(STAGES):
        for point in ("output", "loss", "gradient"):
            with fault(f"{stage + 1}:{point}:nan:4"):
                finished = start(interlock, f"skip-{point}{stage}", config)
            check_equal(finished.code, 0, f"exit code of {finished}")
            findings = [line for line in finished.err.splitlines() if "of the training data" in line]
            check_equal(len(findings), 1, f"stages that blame themselves in {finished}")
            check_names(findings[0], f"stage {stage}: ", "step 2 (epoch 1)")


def limit_ends_the_run(interlock):
    config = changed({"training.nonfinite": "skip", "training.nonfinite_limit": 2, "training.epochs": 3})
    faults = ",".join(f"2:output:nan:{count}" for count in (3, 5))  # steps 2 and 3
    with fault(faults):
        finished = start(interlock, "limited", config)
    check_equal(finished.code, FAILED, f"exit code of {finished}")
    check("nonfinite_limit" in finished.err, f"no word of the limit in {finished}")
    with fault("2:output:nan:3,2:output:nan:7"):  # steps 2 and 4
        finished = start(interlock, "not-in-a-row", config)
    check_equal(finished.code, 0, f"exit code of {finished}")


def rewinds(interlock):
    """Step 5's update is left out, and step 6 goes on with the weights of the checkpoint of step 3."""
    config = changed({"training.nonfinite": "rewind", "training.epochs": 3})
    with fault("1:output:nan:9"):
        finished = start(interlock, "rewound", config)
    check_equal(finished.code, 0, f"exit code of {finished}")
    check(re.search("rewinding .*step 3;", finished.err), f"{finished}")
    check_equal(len(losses(interlock.folder / "rewound")), 9, "steps logged")


def rewinds_alike(interlock):
    """Ranks and the single process go back to the same weights and on to the same."""
    config = changed({"training.nonfinite": "rewind", "training.epochs": 3, "run.checkpoint_every_steps": 2})
    for name, how, ranks in (("ranks", [], RANKS), ("single", ["--single-process"], 0)):
        write_data(interlock.folder)
        write_spoiled_data(interlock, SPOILED)
        write_config(interlock.folder / f"{name}.yaml", {**config, "run": {**config["run"], "dir": name}})
        finished = interlock.run("train", f"{name}.yaml", *how, ranks=ranks)
        check_equal(finished.code, 0, f"exit code of {finished}")
        check_equal(finished.err.count("rewinding "), 3, f"times, one an epoch, that {finished}")
    check_same_weights(interlock, "ranks", "single")


main([
    ("NaN in an activation, a loss or a gradient of each stage: exit 5 with stage, layer, step and samples", named_at_each_stage),
    ("NaN in the data: exit 5 with the sample's number", data_named_by_sample),
    ("skip: ranks and a single process leave the same step out", skips),
    ("skip at each stage: the one that found it first is named", skips_at_each_stage),
    ("nonfinite_limit ends a run that skips step after step", limit_ends_the_run),
    ("rewind goes on from the checkpoint", rewinds),
    ("rewind: ranks and a single process go back and on alike", rewinds_alike),
])
