"""Simulated devices, balanced cuts, recomputing and memory that does not grow: what a run does with them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import CONFIG, DEMANDING, RANKS, STAGES, STEPS, changed, check_same_weights, train, write_data  # noqa: E402
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402

TIMES = {"forward_ms": 4, "head_ms": 1, "input_gradient_ms": 4, "weight_gradient_ms": 8}
SIMULATED = changed({"run.device": "simulated"}, {"run.simulated": TIMES}, {"training.epochs": 2})


def simulated_run(interlock):
    run = train(interlock, "run", SIMULATED)
    steps = metrics(run, "step")
    check_equal(len(steps), 2 * STEPS, "steps")
    for step in steps[1:]:  # two micro-batches of 4 + 8 ms, and no bubble to speak of; stage 0 has a head of 1 ms
        check(0.024 <= step["step_seconds"] < 5 and step["loss"] == [None] * STAGES, f"simulated step {step}")
    check(not (run / "checkpoints").exists(), "a simulated run wrote checkpoints")
    end = metrics(run, "run")[-1]
    for peak, one in zip(end["peak_activation_bytes"], end["micro_batch_activation_bytes"]):
        check(0 < one <= peak <= 2 * one, f"activations in {end}")


def needs_weights(interlock):
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", SIMULATED)
    for arguments, ranks in [(["train", "c.yaml", "--single-process"], 0), (["verify", "c.yaml"], RANKS),
                             (["profile", "c.yaml"], 0), (["train", "c.yaml", "--resume"], RANKS)]:
        refused = interlock.run(*arguments, ranks=ranks)
        check_equal(refused.code, 2, f"exit code of {arguments}")
        check("run.device" in refused.err and "simulated" in refused.err, f"message of {arguments}: {refused}")


def balanced(interlock):
    config = {**DEMANDING, "partition": {"stages": 3, "balance": "auto"}}
    run = train(interlock, "run", config, ranks=4)
    resolved = (run / "config.yaml").read_text()
    check("balance" not in resolved and "layers:" in resolved, f"the cut is not written down: {resolved}")
    interlock.succeed("train", "run/config.yaml", "--single-process", "run.dir=alone")
    check_same_weights(interlock, "run", "alone")


def recomputed(interlock):
    peaks = []
    for name, recompute in [("kept", False), ("again", True)]:
        config = {**DEMANDING, "schedule": {"micro_batches": 4}, "training": {**DEMANDING["training"], "recompute": recompute}}
        run = train(interlock, name, config, ranks=4)
        peaks.append(metrics(run, "run")[-1]["peak_activation_bytes"])
    check_same_weights(interlock, "kept", "again")
    check_equal(len(peaks[1]), 3, "stages")
    check(all(again < kept for kept, again in zip(*peaks)), f"recomputing saves nothing: {peaks}")


main([
    ("a simulated run takes its time, has no losses and keeps no weights", simulated_run),
    ("what needs weights is refused on simulated devices", needs_weights),
    ("a balanced cut is measured once and written down", balanced),
    ("recomputing gives the same weights for less memory", recomputed),
])
