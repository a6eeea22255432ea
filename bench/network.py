#!/usr/bin/env python3
"""Are messages over a network hidden behind compute? Two hosts on a slow link against the same two on a fast one."""

import os
import subprocess
import tempfile

import _common as common

HOSTS = os.path.join(os.path.dirname(common.MPIRUN), "netns_hosts.sh")  # hosts are network namespaces of this machine
NAME = f"il{os.getpid()}"
SLOTS = "3,2"  # coordinator, stages 0 and 1 | stages 2 and 3: the link is between stages 1 and 2

STAGES = 4
MICRO_BATCHES = 8
ACTION_MS = 50
FEATURES = 1024
SAMPLES = 1024  # a micro-batch: activations and gradients of 4 MiB, 34 ms at 1 Gbit/s
RATE = "1gbit"
WARM_UP = 4  # while the pipeline fills
STEADY_STEPS = 10

CONFIG = """
model:
  kind: sequential
  layers: [LAYERS]
partition: {stages: STAGES}
learning: {horizon: HORIZON, head: linear}
schedule: {micro_batches: MICRO_BATCHES, policy: POLICY}
data: {kind: tensors, path: FOLDER/data.safetensors, shuffle: false}
training: {batch_size: BATCH, epochs: STEPS, max_steps: STEPS, eval_every_epochs: 0}
run:
  dir: FOLDER/run
  device: simulated
  simulated: {forward_ms: MS, head_ms: MS, input_gradient_ms: MS, weight_gradient_ms: MS, backward_ms: BACKWARD}
"""

# The delay of each message; MPI makes three messages of a large one, one after the other, which the link does not see:
# so three times the 5 ms that are asked about, besides.
CASES = [("N=2", 2, "auto", 5), ("N=2", 2, "auto", 15), ("end to end", "all", "1f1b", 5)]


def hosts(*words):
    subprocess.run([HOSTS, *words], check=True)


def step_ms(folder, horizon, policy, rate, delay_ms):
    """Median step time of a run, and the MB that the first host sent in a step."""
    layers = ", ".join([f"{{linear: {{in: {FEATURES}, out: {FEATURES}}}}}"] * STAGES)
    config = common.write_config(folder, CONFIG, layers=layers, stages=STAGES, horizon=horizon, policy=policy,
                                 micro_batches=MICRO_BATCHES, batch=SAMPLES * MICRO_BATCHES, ms=ACTION_MS,
                                 backward=2 * ACTION_MS, steps=WARM_UP + STEADY_STEPS)
    delay = [f"INTERLOCK_TEST_LINK_DELAY_MS={delay_ms}"] if delay_ms else []
    hosts("up", NAME, "2", *([rate] if rate else []))
    try:
        common.run(["env", *delay, HOSTS, "run", NAME, SLOTS, common.INTERLOCK, "train", config])
        sent = int(common.run([HOSTS, "sent", NAME]).split()[0])
    finally:
        hosts("down", NAME)
    steps = [m["step_seconds"] for m in common.read_metrics(os.path.join(folder, "run")) if m["kind"] == "step"]
    return 1e3 * common.median(steps[-STEADY_STEPS:]), sent / 1e6 / (WARM_UP + STEADY_STEPS)


def main():
    arguments = common.parse_arguments(__doc__)
    possible = subprocess.run([HOSTS, "possible"], stderr=subprocess.PIPE, text=True)
    if possible.returncode != 0:
        raise SystemExit(f"cannot be measured here: {possible.stderr.strip()}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        common.write_zeros(os.path.join(folder, "data.safetensors"), SAMPLES * MICRO_BATCHES, FEATURES)
        # In turn, so that slow and fast runs meet the same load of the machine.
        slow, fast = {}, {}
        for _ in range(arguments.repeats):
            for _, horizon, policy, delay_ms in CASES:
                slow.setdefault((horizon, delay_ms), []).append(step_ms(folder, horizon, policy, RATE, delay_ms))
                if delay_ms == CASES[0][3]:
                    fast.setdefault(horizon, []).append(step_ms(folder, horizon, policy, None, 0))
        for name, horizon, _, delay_ms in CASES:
            ours = common.median([ms for ms, _ in slow[horizon, delay_ms]])
            other = common.median([ms for ms, _ in fast[horizon]])
            rows.append({"case": f"{name}, {RATE} and {delay_ms} ms a message", "ours": ours, "other": other,
                         "ratio": ours / other, "unit": "ms a step", "stages": STAGES, "micro_batches": MICRO_BATCHES,
                         "action_ms": ACTION_MS, "message_mib": SAMPLES * FEATURES * 4 / (1 << 20),
                         "sent_mb_a_step": common.median([sent for _, sent in slow[horizon, delay_ms]]), "ranks": SLOTS})
    common.report("network", rows, arguments.json)


if __name__ == "__main__":
    main()
