#!/usr/bin/env python3
"""What taking a trace costs a step (profile.active), against not taking one; and what the hooks cost that are off."""

import json
import os
import tempfile

import _common as common

RUN = common.RESNET20 + """training: {batch_size: 64, epochs: 100, max_steps: LAST, eval_every_epochs: 0}
run: {checkpoint: false, dir: FOLDER/run}
profile: {wait: 1, warmup: 1, active: ACTIVE, operators: OPERATORS}
"""

STEPS = 30
KINDS = {"off": (0, False), "actions": (STEPS, False), "operators": (STEPS, True)}
EXTRA = 3  # steps around the active ones


def training(folder, kind):
    """CPU seconds of all workers and median wall seconds of a step; records of one, where there are any."""
    active, operators = KINDS[kind]
    config = common.write_config(folder, RUN, last=STEPS + EXTRA, active=active, operators=operators)
    common.run(common.ranks_command(2, "train", config))
    run = os.path.join(folder, "run")
    metrics = common.read_metrics(run)
    walls = [line["step_seconds"] for line in metrics if line["kind"] == "step"][2:2 + STEPS]
    records = 0
    for name in ("rank-1.json", "rank-2.json") if active else ():
        with open(os.path.join(run, "trace", name), encoding="utf-8") as file:
            records += len(json.load(file)["records"]) / STEPS
    return sum(metrics[-1]["cpu_seconds_in_steps"]) / (STEPS + EXTRA - 1), common.median(walls), records


def nanoseconds_off():
    """Of a hook that is off."""
    words = common.run([os.path.join(os.path.dirname(os.path.abspath(common.INTERLOCK)), "bench_recorder")]).split()
    return float(words[words.index("off") + 1])


def main():
    arguments = common.parse_arguments(__doc__)
    found = {kind: [] for kind in KINDS}
    kinds = list(KINDS)
    for repeat in range(arguments.repeats):  # one of each in turn, so that noise hits all alike
        for kind in kinds[repeat % len(kinds):] + kinds[:repeat % len(kinds)]:
            with tempfile.TemporaryDirectory() as folder:
                found[kind].append(training(folder, kind))
    rows = []
    for kind in kinds[1:]:
        for i, what in enumerate(("CPU time", "wall time")):
            pairs = [(ours[i], other[i]) for ours, other in zip(found[kind], found["off"])]
            rows.append({"case": f"{what} of a step, K=2, ResNet-20, {kind} recorded against off",
                         "ours": common.median([ours for ours, _ in pairs]), "other": common.median([other for _, other in pairs]),
                         "ratio": common.median([ours / other for ours, other in pairs]),
                         "unit": "s; limit 1.03"})
    # Too little to be seen in a step's time: the time of one hook, as often as one records something when it is on.
    cpu = common.median([cpu for cpu, _, _ in found["off"]])
    records, each = found["actions"][0][2], nanoseconds_off()
    hooks = 1e-9 * each * records
    rows.append({"case": f"off: {records:.0f} hooks a step of {each:.2f} ns each, in its CPU time", "ours": cpu,
                 "other": cpu - hooks, "ratio": cpu / (cpu - hooks), "unit": "s; limit 1.005"})
    common.report("profiling", rows, arguments.json)


if __name__ == "__main__":
    main()
