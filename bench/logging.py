#!/usr/bin/env python3
"""What metrics, TensorBoard's events, live.json and logs cost a step.

Two looks at it. bench_metrics writes down made-up steps and nothing else: CPU time a step of all that the coordinator
does for them; set against the steps of real runs, small ones above all. And real runs with run.tensorboard on and off,
whose other files cannot be switched off.
"""

import json
import os
import tempfile

import _common as common

BUILD = os.path.dirname(os.path.abspath(common.INTERLOCK))
STAGES = 2

SMALL = """
model: {kind: sequential, layers: [{linear: {in: 64, out: 128}}, relu, {linear: {in: 128, out: 128}}, relu, {linear: {in: 128, out: 10}}]}
partition: {layers: "2,rest"}
learning: {horizon: 1, head: linear}
schedule: {micro_batches: 2}
data: {kind: tensors, path: FOLDER/zeros.safetensors}
optimizer: {kind: sgd, lr: 0.05}
training: {batch_size: 32, epochs: 1000, max_steps: STEPS, eval_every_epochs: 0}
run: {checkpoint: false, dir: FOLDER/run, tensorboard: BOARD}
"""

IMAGES = common.RESNET20 + """training: {batch_size: 64, epochs: 100, max_steps: STEPS, eval_every_epochs: 0}
run: {checkpoint: false, dir: FOLDER/run, tensorboard: BOARD}
"""

MODELS = (("5 linear layers", SMALL, 4000), ("ResNet-20", IMAGES, 30))


def recorder():
    """{(case, stages): CPU seconds}."""
    with tempfile.TemporaryDirectory() as folder:
        lines = common.run([os.path.join(BUILD, "bench_metrics"), folder]).splitlines()
    samples = [json.loads(line) for line in lines if line.startswith("{")]
    return {(sample["case"], sample["stages"]): sample["seconds"] for sample in samples}


def training(template, steps, board):
    """(CPU seconds of all ranks, median wall seconds, CPU seconds of the coordinator) of a step after the first."""
    with tempfile.TemporaryDirectory() as folder:
        common.write_zeros(os.path.join(folder, "zeros.safetensors"), 3200, 64)
        config = common.write_config(folder, template, steps=steps + 1, board=board)
        common.run(common.ranks_command(STAGES, "train", config))
        metrics = common.read_metrics(os.path.join(folder, "run"))
    walls = [line["step_seconds"] for line in metrics if line["kind"] == "step"]
    coordinator = metrics[-1]["coordinator_cpu_seconds"] / steps
    return sum(metrics[-1]["cpu_seconds_in_steps"]) / steps + coordinator, common.median(walls[2:]), coordinator


def main():
    arguments = common.parse_arguments(__doc__)
    samples = [recorder() for _ in range(arguments.repeats)]
    own = {key: common.median([sample[key] for sample in samples]) for key in samples[0]}
    rows = [{"case": f"CPU time of writing down a step, K={stages}, {case}", "ours": seconds * 1e6, "other": 0.0,
             "ratio": 0.0, "unit": "us"} for (case, stages), seconds in own.items()]
    for name, template, steps in MODELS:
        found = {True: [], False: []}
        for repeat in range(arguments.repeats):  # one of each in turn, so that noise hits both alike
            for board in (True, False) if repeat % 2 else (False, True):
                found[board].append(training(template, steps, board))
        cpu, wall = (common.median([run[i] for run in found[True]]) for i in (0, 1))
        share = own["all", STAGES]
        rows.append({"case": f"all of it in a step's wall time, K={STAGES}, {name}", "ours": share, "other": wall,
                     "ratio": share / wall, "unit": "s; limit 0.01"})
        rows.append({"case": f"all of it in a step's CPU time, K={STAGES}, {name}", "ours": share, "other": cpu,
                     "ratio": share / cpu, "unit": "s; limit 0.01"})
        for i, what in enumerate(("CPU time", "wall time", "the coordinator's CPU time")):
            pairs = [(on[i], off[i]) for on, off in zip(found[True], found[False])]
            rows.append({"case": f"{what} of a step, K={STAGES}, {name}, TensorBoard on against off",
                         "ours": common.median([on for on, _ in pairs]), "other": common.median([off for _, off in pairs]),
                         "ratio": common.median([on / off for on, off in pairs]), "unit": "s"})
    common.report("logging", rows, arguments.json)


if __name__ == "__main__":
    main()
