#!/usr/bin/env python3
"""Does throughput depend on depth? Simulated devices, 4 to 32 stages, bounded horizons against end-to-end."""

import json
import os
import tempfile

import _common as common

FORWARD_MS = 20
STEADY_STEPS = 20
WARM_UP = 8  # the pipeline fills while its first steps run: 32 forwards are two steps

CONFIG = """
model:
  kind: sequential
  layers: [LAYERS]
partition: {stages: STAGES}
learning: {horizon: HORIZON, head: linear}
schedule: {micro_batches: MICRO_BATCHES, policy: POLICY}
data: {kind: tensors, path: DATA, shuffle: false}
training: {batch_size: BATCH, epochs: STEPS, max_steps: STEPS, eval_every_epochs: 0}
run:
  dir: FOLDER/run
  device: simulated
  simulated: {forward_ms: FORWARD, head_ms: 2, input_gradient_ms: FORWARD, weight_gradient_ms: WEIGHT, backward_ms: BACKWARD}
"""
FEATURES = 1024
SAMPLES = 16  # a micro-batch: messages of 64 KiB


def depth_config(folder, stages, horizon, micro_batches, policy, weight_ms):
    batch = SAMPLES * micro_batches
    data = os.path.join(folder, f"data{micro_batches}.safetensors")
    if not os.path.exists(data):
        common.write_zeros(data, batch, FEATURES)
    layers = ", ".join([f"{{linear: {{in: {FEATURES}, out: {FEATURES}}}}}"] * stages)
    return common.write_config(folder, CONFIG, layers=layers, stages=stages, horizon=horizon, micro_batches=micro_batches,
                               policy=policy, data=data, batch=batch, steps=WARM_UP + STEADY_STEPS,
                               forward=FORWARD_MS, weight=weight_ms, backward=2 * FORWARD_MS)


def measure(folder, stages, horizon, micro_batches, policy, weight_ms):
    """(median step time, predicted bound) of one run."""
    config = depth_config(folder, stages, horizon, micro_batches, policy, weight_ms)
    prediction = os.path.join(folder, "plan.json")
    common.run([common.INTERLOCK, "plan", config, "--json", prediction])
    common.run(common.ranks_command(stages, "train", config))
    steps = [m["step_seconds"] for m in common.read_metrics(os.path.join(folder, "run")) if m["kind"] == "step"]
    with open(prediction, encoding="utf-8") as file:
        plan = json.load(file)
    return common.median(steps[-STEADY_STEPS:]), plan["bound_seconds"], plan["policy"]


def best_of(folder, repeats, *case):
    runs = [measure(folder, *case) for _ in range(repeats)]
    return min(runs, key=lambda run: run[0])


def main():
    parser_arguments = common.parse_arguments(__doc__)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for micro_batches, horizon in ((4, 2), (5, 3)):
            for stages in (4, 8, 16, 32):
                # End-to-end twice: one forward, one backward; and zero-bubble with weight gradients as cheap as its
                # authors have them (no chain of their own).
                cases = [(horizon, "auto", 2 * FORWARD_MS)]
                if horizon == 2:
                    cases += [("all", "1f1b", 2 * FORWARD_MS), ("all", "zero_bubble", FORWARD_MS)]
                ours = None
                for case_horizon, policy, weight_ms in cases:
                    repeats = parser_arguments.repeats if policy == "auto" else 1
                    seconds, bound, chosen = best_of(folder, repeats, stages, case_horizon, micro_batches, policy, weight_ms)
                    ours = ours or seconds
                    rows.append({"stages": stages, "horizon": case_horizon, "micro_batches": micro_batches,
                                 "policy": chosen, "step_seconds": seconds, "bound_seconds": bound,
                                 "utilisation": bound / seconds, "against_ours": seconds / ours})
    common.report("depth", rows, parser_arguments.json)


if __name__ == "__main__":
    main()
