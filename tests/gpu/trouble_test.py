"""What goes wrong on GPUs: clear messages, the promised exit codes, and no rank that waits for ever."""

import os
import re
import signal

from gpu_support import (CONVOLUTIONS, REHEARSAL, SECONDS, TOKENS, Blow, config, count_gpus, ranks_of, run_cases, verify,
                         write)
from refusal import check_refused
from support.runner import check

# One image takes 256 MiB after the first layer, so a micro-batch of 4096 of them more than any GPU has.
HUGE = {
    "model": {"kind": "sequential",
              "layers": [{"conv2d": {"in": 3, "out": 16384, "kernel": 3, "padding": 1}}, "relu", "gbpl",
                         {"linear": {"in": 16384, "out": 16}}, "relu", {"linear": {"in": 16, "out": 10}}]},
    "data": {"kind": "shapes", "train_samples": 4096, "eval_samples": 0, "image_size": 64},
    "optimizer": {"kind": "sgd", "lr": 0.01},
}


def huge():
    return config(HUGE, 2, 1, partition={"layers": [5, 1]}, schedule={"micro_batches": 1}, training={"batch_size": 4096})


def out_of_memory(interlock):
    finished = interlock.run("train", write(interlock, huge()), ranks=3, timeout=SECONDS)
    check_refused(finished, 2, ["out of memory", "schedule.micro_batches", "stage 0"])


def out_of_memory_alone(interlock):
    finished = interlock.run("train", write(interlock, huge()), "--single-process", "run.transport=auto", timeout=SECONDS)
    check_refused(finished, 2, ["out of memory", "schedule.micro_batches"])


def nccl_on_a_shared_gpu(interlock):
    """Refused before NCCL 2.30.3; from then on it must give the oracle's gradients."""
    whole = config(TOKENS, 3, 2, run={"transport": "nccl"})
    finished = interlock.run("verify", write(interlock, whole), ranks=ranks_of(whole), timeout=SECONDS)
    version = re.search(r"NCCL (\d+)\.(\d+)\.(\d+) wants one", finished.err)
    if version is None:
        return verify(interlock, whole)
    check_refused(finished, 2, ["run.transport", "3 workers share 1 GPU", "host_staged"])
    check(tuple(map(int, version.groups())) < (2, 30, 3), f"NCCL {version.group(0)} could share: {finished}")
    print("note: this NCCL lets no two ranks share a GPU; that it is refused is all that can be seen here")


def nccl_on_own_gpus(interlock):
    own = min(GPUS, 4)
    if own < 2:
        print("note: one GPU, so no NCCL between ranks with a GPU each")
        return None
    with_all_gpus()
    try:
        return max(verify(interlock, config(base, own, horizon, run={"transport": "nccl"}))
                   for base in (CONVOLUTIONS, TOKENS) for horizon in {1, min(own, 2), "all"})
    finally:
        with_one_gpu()


def no_gpu_to_be_seen(interlock):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        whole = config(CONVOLUTIONS, 2, 1)
        finished = interlock.run("train", write(interlock, whole), ranks=ranks_of(whole), timeout=SECONDS)
        check_refused(finished, 2, ["run.device is cuda", "no GPU"])
    finally:
        with_one_gpu()


def killed_rank(which, **sections):
    """Its neighbours wait for its messages, on the host or on the GPU."""
    def run(interlock):
        whole = config(TOKENS, 3, 2, training={"epochs": 100000}, **sections)
        kill = Blow(interlock, whole, which, signal.SIGKILL)
        finished = interlock.run("train", write(interlock, whole), ranks=ranks_of(whole), timeout=SECONDS)
        took = kill.seconds_until_now(finished)
        check(finished.code != 0, f"exit code of {finished}")
        check(took < 15, f"the job went on for {took:.0f} s after a rank was killed: {finished}")
    return run


def killed_rank_under_nccl(interlock):
    if GPUS < 3:
        print("note: fewer than 3 GPUs, so no NCCL for this")
        return
    with_all_gpus()
    try:
        killed_rank(2, run={"transport": "nccl"})(interlock)
    finally:
        with_one_gpu()


GPUS, _ = count_gpus()
VISIBLE = os.environ.get("CUDA_VISIBLE_DEVICES")


def with_all_gpus():
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    if VISIBLE is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = VISIBLE


def with_one_gpu():
    os.environ["CUDA_VISIBLE_DEVICES"] = (VISIBLE or "0").split(",")[0]


CASES = [
    ("a killed first stage ends the job within seconds", killed_rank(1)),
    ("a killed middle stage ends the job within seconds", killed_rank(2)),
    ("a killed last stage ends the job within seconds", killed_rank(3)),
]
if not REHEARSAL:
    CASES += [
        ("out of the GPU's memory on ranks: exit 2, with what to change", out_of_memory),
        ("out of the GPU's memory in one process: exit 2, with what to change", out_of_memory_alone),
        ("NCCL for ranks that share a GPU", nccl_on_a_shared_gpu),
        ("NCCL for ranks with a GPU each", nccl_on_own_gpus),
        ("a killed rank under NCCL ends the job within seconds", killed_rank_under_nccl),
        ("run.device: cuda with no GPU to be seen: exit 2", no_gpu_to_be_seen),
    ]
run_cases(CASES, prepare=with_one_gpu)
