"""Shared by the benchmarks of reliability: two small runs that everything random is part of, and jobs watched from outside."""

import json
import os
import random
import sys

import _common as common

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests"))

from support.tensor_file import read_raw  # noqa: E402
from support.watched_job import WatchedJob  # noqa: E402,F401

STAGES = 3
RANKS = 1 + STAGES
WATCHDOG = 3.0  # seconds

RUN = """
run: {dir: RUN, checkpoint_every_steps: EVERY, watchdog_seconds: 3, setup_watchdog_seconds: 3,
      checkpoint_watchdog_seconds: 3}
"""

# Batch norm, augmentation, ragged batches, clipping.
IMAGES = """
model: {kind: convnet, channels: [4, 6, 8], batch_norm: true}
partition: {stages: STAGES}
learning: {horizon: HORIZON, head: conv4_bn_gbpl_fc}
schedule: {micro_batches: 2}
data: {kind: shapes, train_samples: 60, eval_samples: 20, image_size: 8, crop_padding: 1, flip: true}
optimizer: {kind: adamw, lr: 0.01}
training: {batch_size: 16, epochs: EPOCHS, clip_norm: 1.0, seed: 5}
""" + RUN

# Dropout, a held-out part, a schedule of the learning rate. Its steps are an epoch's 16, so there are fewer epochs.
TEXT = """
model: {kind: transformer_lm, blocks: 3, width: 16, attention_heads: 2, dropout: 0.1}
partition: {stages: STAGES}
learning: {horizon: HORIZON, head: linear}
schedule: {micro_batches: 2}
data: {kind: text, path: FOLDER/text.txt, cache: FOLDER/cache, holdout: 0.2, context: 16, drop_last: true}
optimizer: {kind: adamw, lr: 0.005, schedule: {kind: cosine, warmup_steps: 4}}
training: {batch_size: 8, epochs: EPOCHS, seed: 5}
""" + RUN

MODELS = {"images": (IMAGES, 6), "text": (TEXT, 2)}  # with epochs


def write_job(folder, model, horizon, run, every=2, epochs=0):
    """A config file for `model`; `run` is its run's folder within `folder`."""
    template, usual = MODELS[model]
    folder = os.fspath(folder)
    if model == "text" and not os.path.exists(os.path.join(folder, "text.txt")):
        draw = random.Random(1)
        with open(os.path.join(folder, "text.txt"), "w", encoding="utf-8") as file:
            for _ in range(70):
                file.write(" ".join(draw.choice(("tide", "mast", "anchor", "keel", "oar", "helm")) for _ in range(7)) + "\n")
    path = common.write_config(folder, template, stages=STAGES, horizon=horizon, run=os.path.join(folder, run), every=every,
                               epochs=epochs or usual)
    named = os.path.join(folder, f"{run}.yaml")
    os.replace(path, named)
    return named


def train_job(folder, config, fault="", *arguments):
    return WatchedJob(common.MPIRUN, RANKS, [common.INTERLOCK, "train", config, *arguments], folder, fault)


def run_through(folder, config):
    """An uninterrupted run. Returns the seconds it took."""
    with train_job(folder, config) as job:
        code = job.wait(120)
        if code != 0:
            raise SystemExit(f"the uninterrupted run of {config} ended with {code}\n{job.out()}{job.err()}")
        return job.ended - job.started


def newest_checkpoint(run):
    """The folder of the newest committed one; "" if there is none."""
    folder = os.path.join(run, "checkpoints")
    steps = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    committed = [step for step in steps if os.path.exists(os.path.join(folder, step, "manifest.json"))]
    return os.path.join(folder, committed[-1]) if committed else ""


def final_state(run):
    """What must be equal to the last bit: step, tensors of the newest checkpoint, every line of the metrics but its times."""
    checkpoint = newest_checkpoint(run)
    with open(os.path.join(checkpoint, "manifest.json"), encoding="utf-8") as file:
        shards = [shard["file"] for shard in json.load(file)["shards"]]
    tensors = {}
    for stage, shard in enumerate(shards):
        for name, tensor in read_raw(os.path.join(checkpoint, shard)).items():
            tensors[f"{stage}: {name}"] = tensor
    lines = [{key: line[key] for key in ("kind", "step", "epoch", "loss", "accuracy", "lr") if key in line}
             for line in common.read_metrics(run) if line["kind"] != "run"]
    return {"checkpoint": os.path.basename(checkpoint), "tensors": tensors, "metrics": lines}


def differences(found, expected):
    """In words; empty where both are equal to the last bit."""
    problems = []
    if found["checkpoint"] != expected["checkpoint"]:
        problems.append(f"{found['checkpoint']} instead of {expected['checkpoint']}")
    names = sorted(set(found["tensors"]) | set(expected["tensors"]))
    unequal = [name for name in names if found["tensors"].get(name) != expected["tensors"].get(name)]
    if unequal:
        problems.append(f"{len(unequal)} of {len(names)} tensors differ: {', '.join(unequal[:4])}")
    if found["metrics"] != expected["metrics"]:
        at = next((i for i, (a, b) in enumerate(zip(found["metrics"], expected["metrics"])) if a != b), "its end")
        problems.append(f"metrics differ from line {at} on ({len(found['metrics'])} lines, {len(expected['metrics'])} expected)")
    return "; ".join(problems)
