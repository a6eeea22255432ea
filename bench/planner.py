#!/usr/bin/env python3
"""Does a run take what `plan` predicts? On simulated devices, and on a CPU ResNet with measured costs; planning 1,024 stages."""

import json
import os
import tempfile
import time

import _common as common

STEADY_STEPS = 24
WARM_UP = 6
PLANNING_LIMIT_SECONDS = 5

SIMULATED = """
model: {kind: sequential, layers: [LAYERS]}
partition: {stages: STAGES}
learning: {horizon: HORIZON, head: linear}
schedule: {micro_batches: MICRO_BATCHES, policy: POLICY}
data: {kind: tensors, path: DATA, shuffle: false}
training: {batch_size: MICRO_BATCHES, epochs: STEPS, eval_every_epochs: 0}
run: {dir: FOLDER/run, checkpoint: false, device: simulated, simulated: TIMES}
"""
FEATURES = 64
# Every stage alike; and every stage, and every action of it, its own.
EQUAL = {"forward_ms": 20, "head_ms": 2, "input_gradient_ms": 20, "weight_gradient_ms": 40, "backward_ms": 40}
UNEVEN = {"forward_ms": [20, 26, 15, 23], "head_ms": 3, "input_gradient_ms": [18, 30, 15, 21],
          "weight_gradient_ms": [44, 38, 31, 47], "backward_ms": [50, 58, 40, 52], "update_ms": 5}

# (horizon, policy, micro-batches as a function of K)
SCHEDULES = [
    (1, "auto", lambda stages: 3),
    (2, "auto", lambda stages: 4),
    (3, "auto", lambda stages: 5),
    (2, "1f1b", lambda stages: 4),
    (2, "gpipe", lambda stages: 4),
    ("all", "1f1b", lambda stages: stages),
    ("all", "zero_bubble", lambda stages: stages),
]

# Two stages of about equal work, batches of 64 in 4 micro-batches. With K = 2, N = 2 is all.
RESNET = """
model: {kind: resnet, super_blocks: "16,3/32,3/64,3"}
partition: {layers: [5, rest]}
learning: {horizon: HORIZON, head: conv16_bn_gbpl_fc}
schedule: {micro_batches: 4}
data: {kind: shapes, image_size: 32, train_samples: 1024, eval_samples: 16}
optimizer: {kind: sgd, lr: 0.01, momentum: 0.9}
training: {batch_size: 64, epochs: 100, max_steps: STEPS, eval_every_epochs: 0}
run: {dir: FOLDER/run, checkpoint: false, threads: 1}
"""


def of_stages(times, stages):
    """The same times for any number of stages: a list is repeated."""
    return {name: (value * stages)[:stages] if isinstance(value, list) else value for name, value in times.items()}


def simulated_config(folder, stages, horizon, policy, micro_batches, times):
    data = os.path.join(folder, "data.safetensors")
    common.write_zeros(data, micro_batches, FEATURES)
    layer = f"{{linear: {{in: {FEATURES}, out: {FEATURES}}}}}"
    return common.write_config(folder, SIMULATED, layers=", ".join([layer] * stages), stages=stages, horizon=horizon,
                               policy=policy, micro_batches=micro_batches, data=data, times=of_stages(times, stages),
                               steps=WARM_UP + 2 * stages + STEADY_STEPS)


def predicted(folder, config, *overrides):
    file = os.path.join(folder, "plan.json")
    common.run([common.INTERLOCK, "plan", config, *overrides, "--json", file])
    with open(file, encoding="utf-8") as text:
        return json.load(text)


def measured(folder, config, stages, *overrides):
    """Median seconds of the steady steps."""
    common.run(common.ranks_command(stages, "train", config, *overrides))
    steps = [line["step_seconds"] for line in common.read_metrics(os.path.join(folder, "run")) if line["kind"] == "step"]
    return common.median(steps[-STEADY_STEPS:])


def row(case, ours, other):
    return {"case": case, "ours": ours, "other": other, "ratio": ours / other, "unit": "s a step: predicted, measured"}


def simulated_rows(folder):
    """One run a case: its steps are sleeps, and their median does not mind a stall."""
    rows = []
    for stages in (4, 8):
        for horizon, policy, micro_batches in SCHEDULES:
            for name, times in (("equal", EQUAL), ("uneven", UNEVEN)):
                config = simulated_config(folder, stages, horizon, policy, micro_batches(stages), times)
                plan = predicted(folder, config)
                case = f"simulated, {name}: K={stages} N={horizon} M={micro_batches(stages)} {plan['policy']}"
                rows.append(row(case, plan["step_seconds"], measured(folder, config, stages)))
    return rows


def resnet_rows(folder, repeats):
    """Costs are measured anew for each run, so that both see the machine in the same mood."""
    rows = []
    for horizon in (1, "all"):
        found = []
        for _ in range(repeats):
            config = common.write_config(folder, RESNET, horizon=horizon, steps=WARM_UP + STEADY_STEPS)
            profile = os.path.join(folder, "profile.json")
            common.run([common.INTERLOCK, "profile", config, "--out", profile])
            plan = predicted(folder, config, f"schedule.costs={profile}")
            seconds = measured(folder, config, 2, f"schedule.costs={profile}")
            found.append(row(f"CPU ResNet-20: K=2 N={horizon} M=4 {plan['policy']}", plan["step_seconds"], seconds))
        rows.append(sorted(found, key=lambda one: one["ratio"])[len(found) // 2])
    return rows


def planning_row(folder, repeats):
    """The whole command, data and simulation included."""
    config = simulated_config(folder, 1024, 4, "auto", 64, EQUAL)
    seconds = []
    for _ in range(repeats):
        start = time.monotonic()
        predicted(folder, config)
        seconds.append(time.monotonic() - start)
    limit = float(PLANNING_LIMIT_SECONDS)
    return {"case": "interlock plan: K=1024 N=4 M=64", "ours": common.median(seconds), "other": limit,
            "ratio": common.median(seconds) / limit, "unit": "s; other = the limit"}


def main():
    arguments = common.parse_arguments(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        rows = [planning_row(folder, arguments.repeats), *resnet_rows(folder, arguments.repeats), *simulated_rows(folder)]
    common.report("planner", rows, arguments.json)


if __name__ == "__main__":
    main()
