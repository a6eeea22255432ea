"""Ranks that share a GPU against the oracle on the CPU: weights and losses equal to 1e-4 in float32, gradients too where there is
no ReLU, and else as `verify` judges them."""

import math

from gpu_support import CONVOLUTIONS, REHEARSAL, SECONDS, STEPS, TOKENS, config, ranks_of, run_cases, verify, write
from small_run import check_same_weights
from support.runner import check, check_equal, metrics


def equal(base, stages, horizon, **sections):
    return lambda interlock: verify(interlock, config(base, stages, horizon, **sections))


def every_horizon(base, what):
    return [(f"{what} on K = {stages} ranks, N = {horizon}", equal(base, stages, horizon))
            for stages in (2, 3, 4) for horizon in [*range(1, min(stages, 4)), "all"]]


def replicas(horizon):
    """Two replicas of each of two stages; statistics of batch norm would differ from one process's, so tokens."""
    return equal(TOKENS, 2, horizon, partition={"stages": 2, "replicas": [2, 2]})


def train(interlock, whole, name):
    whole = {**whole, "run": {**whole["run"], "dir": name}}
    interlock.succeed("train", write(interlock, whole, f"{name}.yaml"), ranks=ranks_of(whole), timeout=SECONDS)
    return interlock.folder / name


def finite_losses(run):
    losses = [loss for step in metrics(run, "step") for loss in step["loss"] if loss is not None]
    check(losses and all(math.isfinite(loss) for loss in losses), f"losses: {losses}")
    return [step["loss"][-1] for step in metrics(run, "step")]


def in_precision(base, precision, **sections):
    """Finishes, learns, and starts from the loss of float32 but for rounding."""
    def run(interlock):
        longer = {"batch_size": 16, "epochs": 6, "eval_every_epochs": 0, "seed": 3}
        limits = {"data": {"limit": 96}}
        whole = config(base, 3, 2, **limits, training={**longer, "precision": precision}, **sections)
        losses = finite_losses(train(interlock, whole, "low"))
        exact = finite_losses(train(interlock, config(base, 3, 2, **limits, training={**longer, "max_steps": 1}), "exact"))
        check(abs(losses[0] - exact[0]) <= 0.05 * exact[0], f"first loss {losses[0]}, in float32 {exact[0]}")
        quarter = len(losses) // 4
        check(sum(losses[-quarter:]) < sum(losses[:quarter]), f"nothing was learned: {losses}")
    return run


def half_of_the_bytes(interlock):
    sent = []
    for wire in ("float32", "bfloat16"):
        whole = config(TOKENS, 3, 2, data={"limit": 48}, schedule={"micro_batches": 4, "wire_dtype": wire})
        run = train(interlock, whole, wire)
        finite_losses(run)
        sent.append(sum(metrics(run, "run")[-1]["sent_bytes"]))
    check_equal(sent[1] * 2, sent[0], "bytes sent in bfloat16, twice")


def same_bits(base):
    def run(interlock):
        whole = config(base, 3, 2, training={"batch_size": 16, "epochs": 1, "max_steps": 2 * STEPS, "deterministic": True},
                       run={"checkpoint": True})
        first, second = (train(interlock, whole, name) for name in ("first", "second"))
        check_same_weights(interlock, first.name, second.name)
    return run


def memory_is_the_gpus(interlock):
    run = train(interlock, config(CONVOLUTIONS, 2, 2), "run")
    peaks = metrics(run, "run")[-1]["peak_memory_mebibytes"]
    check_equal(len(peaks), 2, "stages")
    # The process itself is larger than 200 MiB: CUDA and LibTorch alone. This network's tensors take a few.
    check(REHEARSAL or all(0 < peak < 200 for peak in peaks), f"peak memory {peaks} MiB is not that of tensors on the GPU")


run_cases([
    *every_horizon(CONVOLUTIONS, "a ResNet"),
    *every_horizon(TOKENS, "a Transformer"),
    ("three losses ahead, mixed", equal(TOKENS, 4, 3, learning={"mix": "sum"})),
    ("recomputing", equal(CONVOLUTIONS, 3, 2, training={"recompute": True})),
    ("one norm over all stages", equal(TOKENS, 3, 2, training={"clip_norm": 0.5, "clip_scope": "global"})),
    ("two replicas of each stage, pairwise", replicas(2)),
    ("two replicas of each stage, local", replicas(1)),
    ("bfloat16, a ResNet", in_precision(CONVOLUTIONS, "bfloat16")),
    ("bfloat16, a Transformer", in_precision(TOKENS, "bfloat16")),
    ("float16, a Transformer", in_precision(TOKENS, "float16")),
    ("bfloat16 messages are half as large", half_of_the_bytes),
    ("training.deterministic gives the same bits twice, a ResNet", same_bits(CONVOLUTIONS)),
    ("training.deterministic gives the same bits twice, a Transformer", same_bits(TOKENS)),
    ("peak memory is that of the GPU", memory_is_the_gpus),
])
