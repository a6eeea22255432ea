#!/usr/bin/env python3
"""Stored activations of the worst stage: a bounded horizon at 4 and 16 stages, and end-to-end 1F1B beside it."""

import os
import tempfile

import _common as common

FEATURES = 256
SAMPLES = 8  # a micro-batch
STEPS = 6

# Equal stages of two linear layers and two activations, so that bytes can be compared between depths.
CONFIG = """
model: {kind: sequential, layers: [LAYERS]}
partition: {stages: STAGES}
learning: {horizon: HORIZON, head: linear}
schedule: {micro_batches: MICRO_BATCHES, policy: POLICY}
data: {kind: tensors, path: FOLDER/data.safetensors, shuffle: false}
optimizer: {kind: sgd, lr: 0.001}
training: {batch_size: BATCH, epochs: STEPS, eval_every_epochs: 0}
run: {dir: FOLDER/run, checkpoint: false, device: cpu}
"""


def peaks(folder, stages, horizon, micro_batches, policy):
    """Of each stage over the whole run: (bytes, micro-batches' worth)."""
    common.write_zeros(os.path.join(folder, "data.safetensors"), SAMPLES * micro_batches, FEATURES)
    layers = ", ".join([f"{{linear: {{in: {FEATURES}, out: {FEATURES}}}}}, relu"] * (2 * stages))
    config = common.write_config(folder, CONFIG, layers=layers, stages=stages, horizon=horizon, policy=policy,
                                 micro_batches=micro_batches, batch=SAMPLES * micro_batches, steps=STEPS)
    common.run(common.ranks_command(stages, "train", config))
    end = common.read_metrics(os.path.join(folder, "run"))[-1]
    found = list(zip(end["peak_activation_bytes"], end["micro_batch_activation_bytes"]))
    return [peak for peak, _ in found], [peak / each for peak, each in found]


def main():
    arguments = common.parse_arguments(__doc__)
    rows, middle = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for stages in (4, 16):
            for horizon in (2, 3):
                micro_batches = 2 * (horizon + 1)
                peak_bytes, worth = peaks(folder, stages, horizon, micro_batches, "auto")
                rows.append({"case": f"K={stages} N={horizon} M={micro_batches}: worst stage, against N+1",
                             "ours": max(worth), "other": horizon + 1.0, "ratio": max(worth) / (horizon + 1),
                             "unit": "micro-batches"})
                middle[stages, horizon] = max(peak_bytes)
            micro_batches = 2 * stages
            _, ours = peaks(folder, stages, 2, micro_batches, "auto")
            _, whole = peaks(folder, stages, "all", micro_batches, "1f1b")
            rows.append({"case": f"K={stages} M={micro_batches}: N=2 against 1F1B end-to-end, worst stage", "ours": max(ours),
                         "other": max(whole), "ratio": max(ours) / max(whole), "unit": "micro-batches"})
        for horizon in (2, 3):
            deep, shallow = middle[16, horizon] / 1024, middle[4, horizon] / 1024
            rows.append({"case": f"N={horizon}: worst stage of K=16 against K=4", "ours": deep, "other": shallow,
                         "ratio": deep / shallow, "unit": "KiB"})
    common.report("memory", rows, arguments.json)


if __name__ == "__main__":
    main()
