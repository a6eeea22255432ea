#!/usr/bin/env python3
"""What looking for NaN and infinite values costs a step (training.nonfinite), against not looking."""

import os
import random
import tempfile

import _common as common

IMAGES = common.RESNET20 + """training: {batch_size: 64, epochs: 100, max_steps: STEPS, eval_every_epochs: 0, nonfinite: NONFINITE}
run: {checkpoint: false, dir: FOLDER/run}
"""

TEXT = """
model: {kind: transformer_lm, blocks: 4, width: 128, attention_heads: 4}
partition: {stages: 2}
learning: {horizon: all}
schedule: {micro_batches: 2}
data: {kind: text, path: FOLDER/text.txt, cache: FOLDER/cache, context: 64, drop_last: true}
optimizer: {kind: adamw, lr: 0.002}
training: {batch_size: 12, epochs: 100, max_steps: STEPS, eval_every_epochs: 0, clip_norm: 1, nonfinite: NONFINITE}
run: {checkpoint: false, dir: FOLDER/run}
"""

MODELS = (("ResNet-20", IMAGES, 30), ("Transformer, 0.8 million weights", TEXT, 120))
KINDS = ("ignore", "stop", "skip")


def write_text(path):
    draw = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(6000):
            file.write(" ".join(draw.choice(("tide", "mast", "anchor", "keel", "oar", "helm")) for _ in range(8)) + "\n")


def training(folder, template, steps, kind):
    """(CPU seconds of all workers, median wall seconds) of a step after the first."""
    config = common.write_config(folder, template, steps=steps + 1, nonfinite=kind)
    common.run(common.ranks_command(2, "train", config))
    metrics = common.read_metrics(os.path.join(folder, "run"))
    walls = [line["step_seconds"] for line in metrics if line["kind"] == "step"]
    return sum(metrics[-1]["cpu_seconds_in_steps"]) / steps, common.median(walls[2:])


def main():
    arguments = common.parse_arguments(__doc__)
    rows = []
    for name, template, steps in MODELS:
        found = {kind: [] for kind in KINDS}
        for repeat in range(arguments.repeats):  # one of each in turn, so that noise hits all alike
            for kind in KINDS[repeat % len(KINDS):] + KINDS[:repeat % len(KINDS)]:
                with tempfile.TemporaryDirectory() as folder:
                    write_text(os.path.join(folder, "text.txt"))
                    found[kind].append(training(folder, template, steps, kind))
        for kind in KINDS[1:]:
            for i, what in enumerate(("CPU time", "wall time")):
                pairs = [(ours[i], other[i]) for ours, other in zip(found[kind], found["ignore"])]
                rows.append({"case": f"{what} of a step, K=2, {name}, {kind} against ignore",
                             "ours": common.median([ours for ours, _ in pairs]), "other": common.median([other for _, other in pairs]),
                             "ratio": common.median([ours / other for ours, other in pairs]),
                             "unit": "s" + ("; limit 1.01" if kind == "stop" else "")})
    common.report("guard", rows, arguments.json)


if __name__ == "__main__":
    main()
