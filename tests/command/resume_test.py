"""One run, however it is carried out: in parts, on ranks, in one process, cut here or there. Equal to the last bit."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import (CONFIG, DEMANDING, RANKS, STAGES, STEPS, changed, check_same_weights, exported, losses,  # noqa: E402
                       train, weights, write_data)
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, largest_difference, main, metrics, write_config  # noqa: E402


def resume_in(first, second, config):
    """`first` trains one epoch, `second` goes on to the second one: the same as two epochs straight on ranks."""
    ranks = {"ranks": 1 + (config.get("partition", {}).get("stages") or STAGES), "single": 0}

    def run(interlock):
        straight = train(interlock, "straight", config, "training.epochs=2", ranks=ranks["ranks"])
        parts = train(interlock, "parts", config, ranks=ranks[first])
        check_equal(len(metrics(parts, "step")) * 2, len(metrics(straight, "step")), "steps of one epoch")
        train(interlock, "parts", config, "training.epochs=2", "--resume", ranks=ranks[second])
        check_equal(losses(parts), losses(straight), "losses")
        check_equal([step["step"] for step in metrics(parts, "step")], [s["step"] for s in metrics(straight, "step")],
                    "steps")
        check_same_weights(interlock, "parts", "straight")
        check_equal(metrics(parts, "eval")[-1]["loss"], metrics(straight, "eval")[-1]["loss"], "evaluation loss")
        check_equal(len(list(interlock.folder.glob("parts*"))) - len(list(interlock.folder.glob("parts*.*"))), 1,
                    "folders of the resumed run")
    return run


def resume_without_a_checkpoint(interlock):
    write_data(interlock.folder)
    write_config(interlock.folder / "run.yaml", CONFIG)
    finished = interlock.succeed("train", "run.yaml", "--resume", ranks=RANKS)
    check("starting from the beginning" in finished.err, f"not announced: {finished}")
    check_equal(len(metrics(interlock.folder / "run", "step")), STEPS, "steps")
    # Everything is done already: nothing more is trained, nothing breaks.
    interlock.succeed("train", "run.yaml", "--resume", ranks=RANKS)
    check_equal(len(metrics(interlock.folder / "run", "step")), STEPS, "steps after resuming a finished run")


def resume_from_a_path(interlock):
    run = train(interlock, "run", CONFIG, "training.epochs=2")
    straight = losses(run)
    write_config(interlock.folder / "run.yaml", CONFIG)
    interlock.succeed("train", "run.yaml", "training.epochs=2", "--single-process",
                      "--resume=run/checkpoints/step-00000003")
    check_equal(losses(run)[-STEPS:], straight[-STEPS:], "losses of the second epoch")


def resume_ignores_initial_weights(interlock):
    """The checkpoint has the weights: model.init is for a fresh start, and its file may be gone by now."""
    config = changed({"model.init": "start.safetensors"})
    tensor_file.write(interlock.folder / "start.safetensors", weights())
    straight = train(interlock, "straight", config, "training.epochs=2")
    parts = train(interlock, "parts", config)
    (interlock.folder / "start.safetensors").unlink()
    train(interlock, "parts", config, "training.epochs=2", "--resume")
    check_equal(losses(parts), losses(straight), "losses")
    interlock.succeed("eval", "parts")


def ranks_equal_one_process(interlock):
    for name, config, ranks in [("small", CONFIG, RANKS), ("demanding", DEMANDING, 4)]:
        train(interlock, f"{name}-ranks", config, ranks=ranks)
        train(interlock, f"{name}-single", config, ranks=0)
        check_equal(losses(interlock.folder / f"{name}-ranks"), losses(interlock.folder / f"{name}-single"), "losses")
        check_same_weights(interlock, f"{name}-ranks", f"{name}-single")


def cut_changes_nothing_end_to_end(interlock):
    reference = None
    for cut in ([5], [2, 3], [1, 1, 3]):
        config = changed({"partition.layers": cut}, {"learning.horizon": "all"}, {"learning.heads": None})
        name = f"cut{len(cut)}"
        run = train(interlock, name, config, ranks=1 + len(cut))
        last = [step["loss"][-1] for step in metrics(run, "step")]
        weights_now = exported(interlock, name)
        check_equal((last, weights_now), reference or (last, weights_now), f"losses and weights cut as {cut}")
        reference = (last, weights_now)


def evaluations_agree(interlock):
    """The last evaluation of training, `eval` in one process and `eval` pipelined over ranks."""
    worst = 0.0
    for name, config, ranks in [("small", CONFIG, RANKS), ("demanding", DEMANDING, 4),
                                ("stopped", changed({"training.max_steps": 2}), RANKS)]:
        run = train(interlock, name, config, ranks=ranks)
        interlock.succeed("eval", name)
        interlock.succeed("eval", name, ranks=ranks)
        training, alone, pipelined = metrics(run, "eval")
        for other in (alone, pipelined):
            check_equal((other["step"], other["epoch"]), (training["step"], training["epoch"]), f"place of {other}")
            check_equal(other["accuracy"], training["accuracy"], f"accuracy of {name}")
            check_equal([loss is None for loss in other["loss"]], [loss is None for loss in training["loss"]], "losses")
            numbers = [{k: v for k, v in enumerate(line["loss"]) if v is not None} for line in (other, training)]
            worst = max(worst, largest_difference(*numbers, f"evaluation of {name}", 1e-6))
    return worst


main([
    ("resume: ranks after ranks", resume_in("ranks", "ranks", CONFIG)),
    ("resume: one process after ranks", resume_in("ranks", "single", DEMANDING)),
    ("resume: ranks after one process", resume_in("single", "ranks", DEMANDING)),
    ("resume: nothing to resume, and nothing left to do", resume_without_a_checkpoint),
    ("resume: from a checkpoint by its path", resume_from_a_path),
    ("resume: model.init is not read again", resume_ignores_initial_weights),
    ("ranks and one process give equal weights, bitwise", ranks_equal_one_process),
    ("end-to-end, every cut gives equal weights, bitwise", cut_changes_nothing_end_to_end),
    ("evaluations agree: in training, alone, on ranks", evaluations_agree),
])
