"""Devices real and simulated, balanced cuts, recomputing and memory that does not grow: what a run does with them."""

import contextlib
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import EVERYWHERE, SECONDS, USAGE, check_refused, refused  # noqa: E402
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


@contextlib.contextmanager
def without_gpus():
    """Also on machines that have some."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        yield
    finally:
        os.environ.pop("CUDA_VISIBLE_DEVICES")
        if before is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = before


def gpu_demanded(interlock):
    """Whoever would compute says once that there is none; who only plans does without."""
    cuda = "run.device=cuda"
    train(interlock, "run", CONFIG)
    before = (interlock.folder / "run/metrics.jsonl").read_text()
    with without_gpus():
        for arguments, ranks in [(["train", "run.yaml", "--single-process"], 0), (["train", "run.yaml"], RANKS),
                                 (["train", "run.yaml", "run.transport=nccl"], RANKS), (["verify", "run.yaml"], RANKS),
                                 (["profile", "run.yaml", "--out", "p.json"], 0), (["eval", "run"], 0),
                                 (["eval", "run"], RANKS)]:
            refused_run = interlock.run(*arguments, cuda, ranks=ranks, timeout=SECONDS)
            check_refused(refused_run, USAGE, ["run.device is cuda", "no GPU", "run.device=cpu"])
        for command in ("check", "plan"):
            interlock.succeed(command, "run.yaml", cuda)
    check_equal((interlock.folder / "run/metrics.jsonl").read_text(), before, "the run that was there")
    check(not (interlock.folder / "p.json").exists(), "a profile was written all the same")


def transport_demanded(interlock):
    """Between CPUs there is only MPI: who asks for something else is told so."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", CONFIG)
    with without_gpus():
        for transport in ("nccl", "cuda_aware_mpi", "host_staged"):
            finished = interlock.run("train", "c.yaml", f"run.transport={transport}", ranks=RANKS, timeout=SECONDS)
            check_refused(finished, USAGE, ["run.transport", transport])


def one_rank_alone(interlock):
    """What only one rank finds out ends all of them: none waits for it to open its channel."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", CONFIG)
    words = ["train", "c.yaml", "training.deterministic=true", "run.device=cpu"]
    finished = interlock.run(*words, ":", "-np", 1, "-x", "CUBLAS_WORKSPACE_CONFIG=:1:1", interlock.program, *words,
                             ":", "-np", 1, interlock.program, *words, ranks=1, timeout=SECONDS)
    check_refused(finished, USAGE, ["training.deterministic", "CUBLAS_WORKSPACE_CONFIG", ":4096:8"])


def bound(interlock):
    """Binding decides where a rank runs, not what it computes."""
    for how in ("none", "cores", "numa"):
        train(interlock, how, CONFIG, f"run.bind={how}", "run.device=cpu")
    check_same_weights(interlock, "none", "cores")
    check_same_weights(interlock, "none", "numa")


main([
    ("a simulated run takes its time, has no losses and keeps no weights", simulated_run),
    ("what needs weights is refused on simulated devices", needs_weights),
    ("a balanced cut is measured once and written down", balanced),
    ("recomputing gives the same weights for less memory", recomputed),
    ("a GPU is demanded where there is none: refused, but for planning", gpu_demanded),
    ("a transport between GPUs is demanded of CPUs: refused", transport_demanded),
    ("one rank alone cannot have its device: all end", one_rank_alone),
    ("ranks bound to cores compute the same", bound),
    refused("a transport between GPUs beside a config that says CPUs",
            changed({"run.device": "cpu"}, {"run.transport": "nccl"}), USAGE,
            ["run.transport", "nccl", "run.device is cpu"], EVERYWHERE),
    refused("a transport that is none", changed({"run.transport": "tcp"}), USAGE, ["run.transport", "tcp"]),
    refused("a binding that is none", changed({"run.bind": "socket"}), USAGE, ["run.bind", "socket"]),
])
