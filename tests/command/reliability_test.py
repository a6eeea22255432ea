"""Killed, signalled, cut otherwise: a run comes to the same end, to the last bit. `launch/bench faults`, `soak` and `signals` are
the long versions of this."""

import os
import random
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/command"), str(ROOT / "bench")]
os.environ["INTERLOCK"] = str(Path(sys.argv[1]).resolve())
os.environ.setdefault("INTERLOCK_MPIRUN", str(ROOT / "launch/lib/mpirun.sh"))

import _jobs as jobs  # noqa: E402
import faults  # noqa: E402
import signals  # noqa: E402
import soak  # noqa: E402
from small_run import DEMANDING, train  # noqa: E402
from support.runner import check, check_equal, main, metrics  # noqa: E402


def straight(interlock, model, horizon, every):
    jobs.run_through(interlock.folder, jobs.write_job(interlock.folder, model, horizon, "straight", every=every))
    return jobs.final_state(interlock.folder / "straight")


def killed(model, horizon, deaths):
    """A life for each of `deaths` (of INTERLOCK_TEST_FAULT), the same command each time, and one to the end."""
    def run(interlock):
        expected = straight(interlock, model, horizon, every=2)
        config = jobs.write_job(interlock.folder, model, horizon, "run", every=2)
        tally = soak.Tally()
        for number, death in enumerate(deaths):
            check(not soak.live(interlock.folder, config, death, tally, number == 0), f"no death by {death}")
            check_equal(tally.faults, number + 1, f"faults after {death}")
        check(soak.live(interlock.folder, config, "", tally, False), "the last life does not come to the end")
        check_equal(tally.hangs, 0, "lives that hang")
        check_equal(jobs.differences(jobs.final_state(interlock.folder / "run"), expected), "", "against the uninterrupted run")
    return run


def stopped(target, number):
    """A signal in the middle of the run, then the same command again."""
    def run(interlock):
        expected = straight(interlock, "images", 2, every=5)
        config = jobs.write_job(interlock.folder, "images", 2, "run", every=5)
        # A rank that takes its time in each step, so that the signal comes in the middle.
        with jobs.train_job(interlock.folder, config, "1:update:usr1:7" if target is None else "") as job:
            if target is not None:
                check(job.await_ranks(jobs.RANKS, listening_to_signals=True), f"ranks do not take signals: {job.err()}")
                time.sleep(0.1)
                signals.send(job, target, number)
            code = job.wait(60)
            check_equal(code, signals.REQUEUE, f"exit code: {job.err()}")
            check_equal(job.leftovers(interlock.folder / "run"), [], "left behind")
        check_equal(signals.checkpoint_problem(interlock.folder / "run"), "", "checkpoint")
        jobs.run_through(interlock.folder, config)
        check_equal(jobs.differences(jobs.final_state(interlock.folder / "run"), expected), "", "against the uninterrupted run")
    return run


def second_signal(interlock):
    seconds = signals.second_signal(interlock.folder, "images")
    check(seconds < 10, f"{seconds:.1f} s from the second signal to the end")


def some_faults(interlock):
    """A few of launch/bench faults; failure_test.py has more of each kind."""
    chosen = {}
    for rank, point, kind, count in faults.plan(40, 7):
        if kind in ("kill", "abort", "stop", "drop", "no_space") and point != "connected":
            chosen.setdefault(kind, (rank, point, kind, count))
    for number, (rank, point, kind, count) in enumerate(chosen.values()):
        _, wrong = faults.trial(interlock.folder, f"run{number}", rank, point, kind, count)
        check(not wrong, f"INTERLOCK_TEST_FAULT={rank}:{point}:{kind}:{count}: {wrong}")


LANGUAGE = {
    "model": {"kind": "transformer_lm", "blocks": 4, "width": 16, "attention_heads": 2, "dropout": 0.1},
    "partition": {"stages": 4},
    "learning": {"horizon": 2, "head": "linear"},
    "schedule": {"micro_batches": 2},
    "data": {"kind": "text", "path": "text.txt", "cache": "cache", "holdout": 0.2, "context": 16, "drop_last": True},
    "optimizer": {"kind": "adamw", "lr": 0.005},
    "training": {"batch_size": 8, "epochs": 1},
}
IMAGES = {**DEMANDING, "model": {"kind": "convnet", "channels": [4, 4, 6, 6], "batch_norm": True}, "partition": {"stages": 4}}


def other_cuts(config):
    """What four stages have written, evaluated by four, two and one, and by one process."""
    def run(interlock):
        draw = random.Random(3)
        (interlock.folder / "text.txt").write_text(" ".join(draw.choice(("tide", "mast", "keel")) for _ in range(600)))
        folder = train(interlock, "run", config, ranks=5)
        written = metrics(folder, "eval")[-1]
        checkpoint = jobs.newest_checkpoint(str(folder))
        for stages in (4, 2, 1):
            for ranks in (stages + 1, 0):
                cut = [f"partition.stages={stages}", f"learning.horizon={min(2, stages)}"]
                interlock.succeed("eval", "run", *cut, f"--checkpoint={checkpoint}", ranks=ranks)
                found = metrics(folder, "eval")[-1]
                how = f"{stages} stages, {ranks} ranks"
                check_equal(found["loss"][-1], written["loss"][-1], f"evaluation loss with {how}")
                check_equal(found["accuracy"][-1], written["accuracy"][-1], f"accuracy with {how}")
    return run


main([
    ("images: killed four times, the same end", killed("images", 2, (
        "2:gradient_received:kill:5", "0:manifest:segv:2", "3:updated:abort:3", "1:file_rename:exit:2"))),
    ("text: killed four times, the same end", killed("text", 3, (
        "1:batch_loaded:kill:7", "3:file_write:segv:2", "2:activation_received:exit:3", "0:report:abort:20"))),
    ("SIGUSR1 to mpirun: exit 75, and the same end", stopped("mpirun", signal.SIGUSR1)),
    ("SIGTERM to a rank: exit 75, and the same end", stopped(2, signal.SIGTERM)),
    ("SIGUSR1 within a step: exit 75, and the same end", stopped(None, None)),
    ("a second signal ends the job at once", second_signal),
    ("faults of several kinds: in time, with the right name, nothing left behind", some_faults),
    ("images: four stages' checkpoint evaluates alike on two and one", other_cuts(IMAGES)),
    ("text: four stages' checkpoint evaluates alike on two and one", other_cuts(LANGUAGE)),
])
