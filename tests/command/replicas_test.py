"""Stages with replicas: who computes what changes, not what comes out of a run, its checkpoints and its commands."""

import array
import copy
import json
import re
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import CHECK, EVERYWHERE, ON_RANKS, USAGE, refused  # noqa: E402
from small_run import (DEMANDING, SAMPLES, STAGES, STEPS, changed, check_same_weights, exported,  # noqa: E402
                       losses, train, write_data)
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402

WIDTH = 16  # features between the two stages of CONFIG
CLOSE = 1e-5  # other orders of adding float32

# Bitwise claims are those of CPUs.
ALONE = changed({"run.device": "cpu"}, {"learning.horizon": 2}, {"learning.heads": None})
TWICE = changed({"run.device": "cpu"}, {"learning.horizon": 2}, {"learning.heads": None}, {"partition.replicas": 2})
TWICE_RANKS = 1 + 2 * STAGES


def replicated(config, replicas, **sections):
    config = copy.deepcopy(config)
    config["partition"]["replicas"] = replicas
    config.setdefault("run", {})["device"] = "cpu"
    for section, keys in sections.items():
        config.setdefault(section, {}).update(keys)
    return config


# Micro-batches of 6, the last batch's second one of 2: replica 2 of stage 2 has no sample then.
UNEVEN = replicated(DEMANDING, [2, 1, 3])
UNEVEN_RANKS = 1 + 2 + 1 + 3


def floats(run_losses):
    return [loss for step in run_losses for loss in step if loss is not None]


def check_close(found, expected, what):
    check_equal(len(found), len(expected), f"number of {what}")
    worst = max(abs(a - b) for a, b in zip(found, expected))
    check(worst <= CLOSE, f"{what} differ by {worst:.3g}: {found} and {expected}")
    return worst


def check_close_weights(interlock, first, second):

    ours, theirs = exported(interlock, first), exported(interlock, second)
    check_equal(sorted(ours), sorted(theirs), "names of tensors")
    numbers = {run: {name: array.array("f", raw) for name, (kind, _, raw) in tensors.items() if kind == "F32"}
               for run, tensors in ((first, ours), (second, theirs))}
    return max(check_close(list(numbers[first][name]), list(values), f"values of {name}")
               for name, values in numbers[second].items())


def metrics_of_replicas(interlock):
    """One entry a stage, whatever its replicas; bytes and samples counted once; losses those of the whole batch."""
    alone = train(interlock, "alone", ALONE)
    twice = train(interlock, "twice", TWICE, ranks=TWICE_RANKS)
    check_equal(len(metrics(twice, "step")), STEPS, "steps")
    for step in metrics(twice, "step"):
        check_equal([len(step["loss"]), len(step["busy_fraction"])], [STAGES, STAGES], f"entries of {step}")
        check(all(0 <= busy <= 1 for busy in step["busy_fraction"]), f"busy fractions of {step}")
    # Two features of a run that replicas only share out: every activation goes up once, its gradient comes back once.
    sent = SAMPLES * WIDTH * 4
    for run in (alone, twice):
        check_equal(metrics(run, "run")[-1]["sent_bytes"], [sent, sent], f"bytes sent in {run}")
    end = metrics(twice, "run")[-1]
    for name in ("cpu_seconds", "peak_memory_mebibytes", "peak_activation_bytes", "micro_batch_activation_bytes"):
        check_equal(len(end[name]), STAGES, f"entries of {name}")
        check(all(value > 0 for value in end[name]), f"{name}: {end}")
    one_process = metrics(alone, "run")[-1]["micro_batch_activation_bytes"]
    check_equal([2 * one for one in end["micro_batch_activation_bytes"]], one_process, "activations of half a micro-batch")
    for kind in ("step", "epoch", "eval"):
        ours, theirs = metrics(twice, kind), metrics(alone, kind)
        check_equal([line["accuracy"] for line in ours], [line["accuracy"] for line in theirs], f"accuracy, {kind}")
        worst = check_close(floats(line["loss"] for line in ours), floats(line["loss"] for line in theirs), f"losses, {kind}")
    return max(worst, check_close_weights(interlock, "twice", "alone"))


def resumes_exactly(interlock):
    """Stopped at the end of an epoch and gone on with: bit for bit the run that never stopped."""
    for name, config, ranks in [("twice", TWICE, TWICE_RANKS), ("uneven", UNEVEN, UNEVEN_RANKS)]:
        straight = train(interlock, f"{name}-straight", config, "training.epochs=2", ranks=ranks)
        parts = train(interlock, f"{name}-parts", config, ranks=ranks)
        check_equal(2 * len(metrics(parts, "step")), len(metrics(straight, "step")), "steps of one epoch")
        train(interlock, f"{name}-parts", config, "training.epochs=2", "--resume", ranks=ranks)
        check_equal(losses(parts), losses(straight), "losses")
        check_same_weights(interlock, f"{name}-parts", f"{name}-straight")


def repeats_exactly(interlock):
    """Sums over replicas are taken in a fixed order: the same bits, run after run."""
    for name in ("first", "second"):
        train(interlock, name, UNEVEN, "schedule.bucket_mib=0.001", ranks=UNEVEN_RANKS)
    check_equal(losses(interlock.folder / "first"), losses(interlock.folder / "second"), "losses")
    check_same_weights(interlock, "first", "second")


def one_set_of_weights(interlock):
    """Checkpoints know nothing of replicas: they go on with others, with none and in one process."""
    straight = {"alone": train(interlock, "alone-straight", ALONE, "training.epochs=2"),
                "twice": train(interlock, "twice-straight", TWICE, "training.epochs=2", ranks=TWICE_RANKS)}
    worst = 0.0
    for first, config, ranks in [("twice", TWICE, TWICE_RANKS), ("alone", ALONE, 1 + STAGES)]:
        train(interlock, first, config, ranks=ranks)
        shards = sorted(path.name[:8] for path in (interlock.folder / first).glob("checkpoints/*/*.safetensors"))
        check_equal(shards, ["stage-0-", "stage-1-"], "shards")
        for then, other, its_ranks in [("alone", ALONE, 1 + STAGES), ("twice", TWICE, TWICE_RANKS), ("process", ALONE, 0),
                                       ("uneven", replicated(ALONE, [1, 2]), 4)]:
            name = f"{first}-then-{then}"
            shutil.copytree(interlock.folder / first, interlock.folder / name)
            run = train(interlock, name, other, "training.epochs=2", "--resume", ranks=its_ranks)
            check_equal(len(metrics(run, "step")), 2 * STEPS, f"steps of {name}")
            worst = max(worst, check_close(floats(losses(run)), floats(losses(straight[first])), f"losses of {name}"))
        # Without replicas from here on: ranks and one process do the same.
        check_same_weights(interlock, f"{first}-then-alone", f"{first}-then-process")
    return worst


def evaluations(interlock):
    """The evaluation in training, `eval` in one process and `eval` on ranks agree."""
    worst = 0.0
    for name, config, ranks in [("twice", TWICE, TWICE_RANKS), ("uneven", UNEVEN, UNEVEN_RANKS)]:
        run = train(interlock, name, config, ranks=ranks)
        interlock.succeed("eval", name)
        interlock.succeed("eval", name, ranks=ranks)
        training, alone, pipelined = metrics(run, "eval")
        for other in (alone, pipelined):
            check_equal(other["accuracy"], training["accuracy"], f"accuracy of {name}")
            worst = max(worst, check_close(floats([other["loss"]]), floats([training["loss"]]), f"evaluation of {name}"))
    return worst


def verified(interlock):
    """`verify` plays the replicas in one process and finds every replica equal to the last bit."""
    write_data(interlock.folder)
    for config, ranks, stages in [(TWICE, TWICE_RANKS, 2), (replicated(ALONE, [1, 2]), 4, 2), (UNEVEN, UNEVEN_RANKS, 3)]:
        write_config(interlock.folder / "c.yaml", config)
        out = interlock.succeed("verify", "c.yaml", ranks=ranks).out
        check_equal(out.count("equal to the last bit"), stages, f"stages that are equal in {out}")


def synchronised(interlock):
    """With synchronised batch norm replicas are one process's run, to rounding; with local batch norm they are not."""
    config = {**DEMANDING, "run": {"device": "cpu"}, "optimizer": {"kind": "sgd", "lr": 0.01}}
    alone = train(interlock, "alone", config, ranks=4)
    both = replicated(config, 2)
    synchronised_run = train(interlock, "synchronised", both, "partition.sync_batch_norm=true", ranks=7)
    worst = check_close(floats(losses(synchronised_run)), floats(losses(alone)), "losses")
    train(interlock, "local", both, ranks=7)
    furthest = max(abs(a - b) for a, b in zip(floats(losses(interlock.folder / "local")), floats(losses(alone))))
    check(furthest > 100 * CLOSE, f"statistics of half a micro-batch change nothing: {furthest}")
    return worst


def planned(interlock):
    """`plan` counts ranks and what a replica keeps; the summary and `check` name the number of ranks."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", TWICE)
    check_equal(interlock.succeed("plan", "--ranks", "c.yaml").out.strip(), str(TWICE_RANKS), "plan --ranks")
    check_equal(interlock.succeed("plan", "--ranks", "c.yaml", "partition.replicas=[1, 2]").out.strip(), "4", "uneven")
    kept = []
    for replicas in (1, 2):
        out = interlock.succeed("plan", "c.yaml", f"partition.replicas={replicas}", "--json", "p.json").out
        check(f"{1 + STAGES * replicas} ranks" in out, f"ranks in {out}")
        check_equal("4 replicas in all" in out, replicas == 2, f"replicas in {out}")
        stages = json.loads((interlock.folder / "p.json").read_text())["per_stage"]
        kept.append([stage["activation_bytes"] / stage["in_flight"] for stage in stages])
    check_equal([2 * each for each in kept[1]], kept[0], "activations of a replica")
    # What --compare proposes can be run: 8 samples in micro-batches that two replicas can share.
    interlock.succeed("plan", "c.yaml", "--compare", "--json", "p.json")
    proposed = {row["micro_batches"] for row in json.loads((interlock.folder / "p.json").read_text())["plans"]}
    check_equal(proposed, {2, 4}, "micro-batches compared")
    checked = interlock.succeed("check", "c.yaml").out
    check(f"-np {TWICE_RANKS} " in checked, f"ranks in {checked}")
    trained = interlock.succeed("train", "c.yaml", ranks=TWICE_RANKS).out
    wanted = re.findall(r"-np (\d+)", trained)
    check_equal(set(wanted), {str(TWICE_RANKS)}, f"ranks in {trained}")


def global_clipping(interlock):
    """A clip over all stages with replicas is the clip of one process."""
    clip = ["training.clip_norm=0.05", "training.clip_scope=global"]
    alone = train(interlock, "alone", ALONE, *clip)
    twice = train(interlock, "twice", TWICE, *clip, ranks=TWICE_RANKS)
    unclipped = train(interlock, "unclipped", ALONE)
    check(losses(alone) != losses(unclipped), "the clip does nothing")
    write_config(interlock.folder / "c.yaml", TWICE)
    interlock.succeed("verify", "c.yaml", *clip, ranks=TWICE_RANKS)
    check_close(floats(losses(twice)), floats(losses(alone)), "losses")
    return check_close_weights(interlock, "twice", "alone")


RAGGED = replicated(DEMANDING, 3, partition={"sync_batch_norm": True})
# The full batches end raggedly too: 7 samples in micro-batches of 3, 3 and 1.
RAGGED_BATCHES = replicated(DEMANDING, 3, partition={"sync_batch_norm": True}, training={"batch_size": 7},
                            data={"train_samples": 14})


def enough_with_drop_last(interlock):
    write_config(interlock.folder / "c.yaml", replicated(RAGGED, 3, data={"drop_last": True}))
    interlock.succeed("check", "c.yaml")


main([
    ("metrics have one entry a stage and count everything once", metrics_of_replicas),
    ("resumed at an epoch's end: equal to the last bit", resumes_exactly),
    ("two runs are equal to the last bit", repeats_exactly),
    ("checkpoints go on with other replicas, none, or one process", one_set_of_weights),
    ("evaluations agree: in training, alone, on ranks", evaluations),
    ("verify finds replicas equal to the last bit", verified),
    ("synchronised batch norm is that of one process, local is not", synchronised),
    ("plan, check and the summary count replicas", planned),
    ("one norm over all stages does not depend on replicas", global_clipping),
    refused("the wrong number of ranks", TWICE, USAGE,
            ["3 ranks launched", "partition.replicas", "needs 5", "mpirun -np 5"], (ON_RANKS,), ranks=3),
    refused("replicas that do not divide the micro-batch", replicated(ALONE, 3), USAGE,
            ["config.yaml:", "partition.replicas", "3 replicas", "micro-batch of 4 samples", "divides 4"], EVERYWHERE,
            ranks=1 + 3 * STAGES),
    refused("replicas of one stage that do not divide it", replicated(ALONE, [1, 3]), USAGE,
            ["partition.replicas", "3 replicas of stage 1", "divides 4"]),
    refused("replicas for other stages", replicated(ALONE, [1, 2, 1]), USAGE,
            ["partition.replicas", "3 entries", "2 stages"]),
    refused("no replicas", replicated(ALONE, 0), USAGE, ["config.yaml:", "partition.replicas"]),
    refused("synchronised batch norm and a last batch too small", RAGGED, USAGE,
            ["partition.sync_batch_norm", "8 samples", "2, too few for 3 replicas", "drop_last"], EVERYWHERE, ranks=10),
    refused("synchronised batch norm and every batch's end too small", RAGGED_BATCHES, USAGE,
            ["partition.sync_batch_norm", "too few for 3 replicas"], (CHECK, ON_RANKS), ranks=10),
    ("synchronised batch norm without that last batch", enough_with_drop_last),
])
