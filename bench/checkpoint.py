#!/usr/bin/env python3
"""What checkpoints cost: time that training waits for one, its share of the run, bandwidth against dd with fsync."""

import os
import subprocess
import tempfile
import time

import _common as common

STAGES = 2
EPOCH_SAMPLES = 50_000  # of CIFAR-10: checkpoints come once an epoch unless told otherwise
BATCH = 128
STEPS, EVERY = 33, 5

RESNET20 = """
model: {kind: resnet, super_blocks: "16,3/32,3/64,3"}
partition: {layers: "6,rest"}
learning: {horizon: pairwise, head: conv16_bn_gbpl_fc}
schedule: {micro_batches: 4}
data: {kind: shapes, image_size: 32, train_samples: 2048, eval_samples: 16}
optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}
training: {batch_size: 128, epochs: 1000, max_steps: STEPS, eval_every_epochs: 0}
run: {checkpoint: CHECKPOINT, checkpoint_every_steps: EVERY, keep_checkpoints: 1, dir: FOLDER/run}
"""

# Few operations, many weights: 2 stages of 16 x 2048 x 2048 float32 weights, with momentum 1 GiB.
WIDE = """
model: {kind: sequential, layers: [LAYERS]}
partition: {stages: 2}
learning: {horizon: pairwise, head: linear}
schedule: {micro_batches: 1}
data: {kind: tensors, path: FOLDER/data.safetensors, shuffle: false}
optimizer: {kind: sgd, lr: 0.001, momentum: 0.9}
training: {batch_size: 8, epochs: STEPS, eval_every_epochs: 0}
run: {checkpoint_every_steps: EVERY, keep_checkpoints: 1, dir: FOLDER/run, device: cpu}
"""
FEATURES, LAYERS = 2048, 16
MIB = 1 << 20


def resnet20(folder, every):
    """(median seconds of a step, seconds that training waited for each save, seconds of all steps but the first two)."""
    config = common.write_config(folder, RESNET20, steps=STEPS, checkpoint=every > 0, every=every)
    common.run(common.ranks_command(STAGES, "train", config, "--resume=none"))
    metrics = common.read_metrics(os.path.join(folder, "run"))
    seconds = [line["step_seconds"] for line in metrics if line["kind"] == "step" and line["step"] > 2]
    blocked = [line["blocked_seconds"] for line in metrics if line["kind"] == "run" and line["event"] == "checkpoint"]
    return common.median(seconds), blocked, sum(seconds)


def cost(repeats):
    medians, blocked, with_saves, without = [], [], [], []
    for _ in range(repeats):
        for every in (EVERY, 0):  # in turn, so that noise hits both alike
            with tempfile.TemporaryDirectory() as folder:
                median, waits, seconds = resnet20(folder, every)
            (with_saves if every else without).append(seconds)
            blocked += waits
            if not every:
                medians.append(median)
    step, longest = common.median(medians), max(blocked)
    saves = (STEPS - 1) // EVERY
    each = max((common.median(with_saves) - common.median(without)) / saves, common.median(blocked))
    epoch = step * EPOCH_SAMPLES / BATCH
    return [{"case": f"ResNet-20, K=2: the longest that training waited for one of {len(blocked)} saves", "ours": longest,
             "other": max(step, 1.0), "ratio": longest / max(step, 1.0), "unit": "s; other = the limit"},
            {"case": f"the same: what a save adds to the run, mean of {saves}, against a step", "ours": each, "other": step,
             "ratio": each / step, "unit": "s"},
            {"case": "the same: share of the time with a save each epoch of 50,000 images", "ours": each / epoch, "other": 0.02,
             "ratio": each / epoch / 0.02, "unit": "of the time; other = the limit"}]


def birth(path):
    return float(subprocess.run(["stat", "--format=%.9W", path], check=True, stdout=subprocess.PIPE, text=True).stdout)


def save_bandwidth(folder):
    """(bytes, seconds) of the last save: from the making of its folder to its manifest."""
    common.write_zeros(os.path.join(folder, "data.safetensors"), 8, FEATURES)
    layers = ", ".join([f"{{linear: {{in: {FEATURES}, out: {FEATURES}}}}}"] * (2 * LAYERS))
    config = common.write_config(folder, WIDE, layers=layers, steps=8, every=8)
    common.run(common.ranks_command(2, "train", config, "--resume=none"))
    checkpoints = os.path.join(folder, "run", "checkpoints")
    newest = os.path.join(checkpoints, sorted(name for name in os.listdir(checkpoints) if name.startswith("step-"))[-1])
    files = [os.path.join(newest, name) for name in os.listdir(newest)]
    seconds = os.stat(os.path.join(newest, "manifest.json")).st_mtime - birth(newest)
    return sum(map(os.path.getsize, files)), seconds


def dd_seconds(folder, size):
    """Two files side by side, as two stages write them."""
    start = time.monotonic()
    writers = [subprocess.Popen(["dd", "if=/dev/zero", f"of={folder}/dd{i}", "bs=1M", f"count={size // MIB // 2}",
                                 "conv=fsync"], stderr=subprocess.DEVNULL) for i in range(2)]
    for writer in writers:
        writer.wait()
    seconds = time.monotonic() - start
    for i in range(2):
        os.remove(f"{folder}/dd{i}")
    return seconds


def bandwidth(repeats):
    ours, other = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            size, seconds = save_bandwidth(folder)
            ours.append(size / MIB / seconds)
            other.append(size / MIB / dd_seconds(folder, size))
    return {"case": f"writing a checkpoint of {size // MIB} MiB, against dd with fsync (at least 0.8)",
            "ours": common.median(ours), "other": common.median(other), "ratio": common.median(ours) / common.median(other),
            "unit": "MiB/s"}


def main():
    arguments = common.parse_arguments(__doc__)
    rows = cost(arguments.repeats)
    rows.append(bandwidth(arguments.repeats))
    common.report("checkpoint", rows, arguments.json)


if __name__ == "__main__":
    main()
