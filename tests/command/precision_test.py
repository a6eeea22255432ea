"""Fewer bits: what layers compute in, what messages carry, loss scaling, and one norm over all stages."""

import copy
import json
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import CHECK, SINGLE, USAGE, refused  # noqa: E402
from small_run import (DEMANDING, RANKS, SAMPLES, changed, check_same_weights, exported, losses,  # noqa: E402
                       train, write_data)
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402

WIDTH = 16  # features between the two stages of CONFIG

# Bitwise claims are those of CPUs.
END_TO_END = changed({"run.device": "cpu"}, {"learning.horizon": 2}, {"learning.heads": None})
HARD = {**copy.deepcopy(DEMANDING), "run": {"device": "cpu"}}
HARD_RANKS = 4
BFLOAT16 = "training.precision=bfloat16"
# The first scale is too large for some loss: steps are skipped at first, and scales keep changing.
FLOAT16 = ["training.precision=float16", "training.loss_scale=1048576", "training.loss_scale_window=2"]
WIRE = "schedule.wire_dtype=bfloat16"
GLOBAL = ["training.clip_norm=0.05", "training.clip_scope=global"]


def last_losses(run):
    return [step["loss"][-1] for step in metrics(run, "step")]


def furthest(first, second):
    return max(abs(a - b) for a, b in zip(last_losses(first), last_losses(second)))


def half_the_bytes(interlock):
    """Activations and gradients in two bytes an element instead of four; what is computed hardly changes."""
    runs = {}
    for wire, element in [("float32", 4), ("bfloat16", 2)]:
        run = runs[wire] = train(interlock, wire, END_TO_END, f"schedule.wire_dtype={wire}")
        sent = SAMPLES * WIDTH * element
        check_equal(metrics(run, "run")[-1]["sent_bytes"], [sent, sent], f"bytes of {wire}")
    check(losses(runs["float32"]) != losses(runs["bfloat16"]), "messages were not rounded")
    apart = furthest(*runs.values())
    check(apart < 0.01, f"losses differ by {apart}")
    # The same with images, ragged micro-batches and replicas.
    for name, config, ranks in [("hard", HARD, HARD_RANKS),
                                ("twice", {**HARD, "partition": {"stages": 3, "replicas": 2}}, 7)]:
        sent = [metrics(train(interlock, f"{name}-{wire}", config, f"schedule.wire_dtype={wire}", ranks=ranks),
                        "run")[-1]["sent_bytes"] for wire in runs]
        check_equal([2 * half for half in sent[1]], sent[0], f"bytes of {name}")
        check(all(value > 0 for value in sent[0]), f"bytes of {name}: {sent}")
    return apart


def fewer_bits_train(interlock):
    """Each changes the bits of the run, none where it leads; what is kept of a run stays float32."""
    full = train(interlock, "full", END_TO_END, "training.epochs=3")
    for name, arguments in [("bfloat16", [BFLOAT16]), ("float16", ["training.precision=float16"]),
                            ("both", [BFLOAT16, WIRE])]:
        run = train(interlock, name, END_TO_END, "training.epochs=3", *arguments)
        check(losses(run) != losses(full), f"{name} computes in float32")
        apart = furthest(run, full)
        check(apart < 0.05, f"losses of {name} are {apart} from those of float32")
        check_equal({kind for kind, _, _ in exported(interlock, name).values()}, {"F32"}, f"weights of {name}")


def one_process_is_equal(interlock):
    for name, arguments in [("bfloat16", [BFLOAT16]), ("both", [BFLOAT16, WIRE]), ("float16", FLOAT16), ("wire", [WIRE]),
                            ("global", GLOBAL)]:
        train(interlock, f"{name}-ranks", HARD, *arguments, ranks=HARD_RANKS)
        train(interlock, f"{name}-single", HARD, *arguments, ranks=0)
        check_equal(losses(interlock.folder / f"{name}-ranks"), losses(interlock.folder / f"{name}-single"),
                    f"losses of {name}")
        check_same_weights(interlock, f"{name}-ranks", f"{name}-single")


def verified(interlock):
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", HARD)
    for arguments, ranks in [([BFLOAT16], HARD_RANKS), ([BFLOAT16, WIRE, "partition.replicas=2"], 7), (FLOAT16, HARD_RANKS),
                             (["partition.replicas=[1, 2, 3]", *FLOAT16, *GLOBAL], 7)]:
        out = interlock.succeed("verify", "c.yaml", *arguments, ranks=ranks).out
        check_equal(out.count("equal to the last bit"), 3, f"stages that are equal with {arguments} in {out}")


def scales(run):
    """The scale of each stage's loss, and its steps without overflow, in the run's newest checkpoint."""
    found = {}
    newest = max(path.parent for path in run.glob("checkpoints/*/manifest.json"))
    for shard in sorted(newest.glob("*.safetensors")):
        for name, (kind, _, raw) in tensor_file.read_raw(shard).items():
            if "loss_scale" in name:
                found[name] = struct.unpack("<d" if kind == "F64" else "<q", raw)[0]
    return found


def float16_resumes(interlock):
    """Scales, and how long ago they changed, are part of a checkpoint: stopped and gone on with, bit for bit the same."""
    sgd = {**HARD, "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9}, "training": {"batch_size": 8, "seed": 4}}
    window = "training.loss_scale_window=4"  # the epoch ends a step before a scale doubles, and soon overflows
    straight = train(interlock, "straight", sgd, *FLOAT16, window, "training.epochs=2", ranks=HARD_RANKS)
    for name, first, second in [("ranks", HARD_RANKS, HARD_RANKS), ("process", 0, HARD_RANKS)]:
        parts = train(interlock, name, sgd, *FLOAT16, window, ranks=first)
        kept = scales(parts)
        values = [value for key, value in kept.items() if key.endswith(".scale")]
        steps = [value for key, value in kept.items() if key.endswith(".good_steps")]
        check_equal(len(values), 2, f"losses with a scale in {kept}")
        check(all(value != 2**20 for value in values) and 3 in steps, f"a fresh start would do as well: {kept}")
        train(interlock, name, sgd, *FLOAT16, window, "training.epochs=2", "--resume", ranks=second)
        check_equal(losses(parts), losses(straight), "losses")
        check_same_weights(interlock, name, "straight")
        check_equal(scales(parts), scales(straight), "scales")


def overflow_skips(interlock):
    """A scale that nothing survives: no step is taken and the scale halves; one that fits is left alone."""
    start = exported(interlock, train(interlock, "start", END_TO_END, "optimizer.lr=1e-30").name)
    run = train(interlock, "run", END_TO_END, "training.precision=float16", "training.loss_scale=4294967296")
    check_equal(list(scales(run).values()).count(2**32 / 2**3), 1, f"scale after three overflows: {scales(run)}")
    ours = exported(interlock, "run")
    check(all(ours[name] == start[name] for name in start), "weights changed all the same")
    fits = train(interlock, "fits", END_TO_END, "training.precision=float16", "training.loss_scale=1024")
    check(1024 in scales(fits).values() and 3 in scales(fits).values(), f"scale that fits: {scales(fits)}")


def one_norm(interlock):
    """The norm of all stages together: not that of each, and the same however the network is cut."""
    each = train(interlock, "each", END_TO_END, "training.clip_norm=0.05", ranks=RANKS)
    together = {}
    for cut in ([2, 3], [1, 1, 3], [5]):
        name = f"cut-{len(cut)}"
        run = train(interlock, name, changed({"run.device": "cpu"}, {"learning.horizon": "all"}, {"learning.heads": None},
                                             {"partition.layers": cut}), *GLOBAL, ranks=1 + len(cut))
        together[name] = run
    check(last_losses(together["cut-2"]) != last_losses(each), "a norm a stage and one norm do the same")
    worst = max(furthest(run, together["cut-1"]) for run in together.values())
    check(worst <= 1e-6, f"the cut changes losses by {worst}")
    return worst


def planned(interlock):
    """`plan` says what waits for what, and counts it in; it knows that smaller messages are quicker."""
    write_data(interlock.folder)
    deep = changed({"partition.layers": [2, 2, 1]}, {"learning.heads": None}, {"schedule.micro_batches": 4},
                   {"schedule.costs": {"forward_ms": 20, "head_ms": 4, "input_gradient_ms": 20, "weight_gradient_ms": 40}})
    write_config(interlock.folder / "c.yaml", deep)

    def plan(*arguments):
        return interlock.succeed("plan", "c.yaml", *arguments).out

    alone = plan("training.clip_norm=1")
    check("wait for each other" not in alone, f"stages that do not wait: {alone}")
    check("clip_scope: global makes all stages wait for each other" in plan(*GLOBAL), f"not said: {plan(*GLOBAL)}")
    check("clip_scope" not in plan(BFLOAT16) and "wait for each other" not in plan(BFLOAT16), "bfloat16 waits for nobody")
    out = plan("learning.horizon=2", "training.precision=float16")
    check("float16: stages that share a loss wait for each other" in out, f"not said: {out}")
    slow = ["--json", "p.json", "learning.horizon=3", "schedule.link={latency_us: 0, gigabytes_per_second: 1e-5}"]
    steps = []
    for arguments in ([], [WIRE]):
        plan(*slow, *arguments)
        steps.append(json.loads((interlock.folder / "p.json").read_text())["step_seconds"])
    check(steps[1] < steps[0] - 0.01, f"messages of half the size save nothing: {steps}")


main([
    ("bfloat16 messages: half the bytes, exactly", half_the_bytes),
    ("bfloat16 and float16 train, and keep float32 weights", fewer_bits_train),
    ("ranks and one process give equal weights, bitwise", one_process_is_equal),
    ("verify finds ranks equal to the last bit", verified),
    ("float16 resumed at an epoch's end: equal to the last bit", float16_resumes),
    ("float16: overflow skips the step and halves the scale", overflow_skips),
    ("one norm over all stages, whatever the cut", one_norm),
    ("plan says what waits, and what messages of fewer bits save", planned),
    refused("a precision that is none", changed({"training.precision": "float8"}), USAGE,
            ["config.yaml:", "training.precision", "float8", "'float32'"], (CHECK, SINGLE)),
    refused("a loss scale that nothing uses", changed({"training.precision": "bfloat16"}, {"training.loss_scale": 1024}), USAGE,
            ["training.loss_scale", "float16"]),
    refused("a loss scale below 1", changed({"training.precision": "float16"}, {"training.loss_scale": 0.5}), USAGE,
            ["training.loss_scale", "0.5"]),
    refused("messages in float16", changed({"schedule.wire_dtype": "float16"}), USAGE,
            ["schedule.wire_dtype", "float16", "bfloat16"]),
    refused("a clip of nothing", changed({"training.clip_scope": "global"}), USAGE, ["training.clip_scope", "clip_norm"]),
])
