"""A rank that dies or freezes on another host, and a host that is gone: the job ends soon, with a name and the promised code, and
leaves nothing."""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/command"), str(ROOT / "tests/launch")]

import hosts
from small_run import changed, write_data
from support.faults import FaultRun, check_fault
from support.runner import Failed, check, main, write_config
from support.watched_job import WatchedJob, state_of

WATCHDOG = 3
WATCHED = {"run.watchdog_seconds": WATCHDOG, "run.setup_watchdog_seconds": WATCHDOG,
           "run.checkpoint_watchdog_seconds": WATCHDOG, "training.epochs": 4}
SLOTS = [2, 1]  # the coordinator and stage 0, stage 1
SECONDS = 60


def end_of(job):
    if job.wait(SECONDS) is None:
        raise Failed(f"still running after {SECONDS} s\n--- stderr\n{job.err()}")


def a_fault(text, code, *words):
    def run(interlock):
        write_data(interlock.folder)
        write_config(interlock.folder / "config.yaml", changed(WATCHED))
        with hosts.Hosts(len(SLOTS)) as network:
            launcher = network.program(interlock, SLOTS).mpirun
            with WatchedJob(launcher, sum(SLOTS), [interlock.program, "train", "config.yaml"], interlock.folder, text) as job:
                end_of(job)
                ended = FaultRun(job, interlock.folder)
        check_fault(ended, int(text[0]), [code], words)
    return run


def host_that_is_gone(interlock):
    """Its cable is pulled in the middle of training. Nobody is told: there is just no word any more."""
    write_data(interlock.folder)
    write_config(interlock.folder / "config.yaml", changed(WATCHED, {"training.epochs": 100_000}, {"run.checkpoint": False}))
    with hosts.Hosts(len(SLOTS)) as network:
        launcher = network.program(interlock, SLOTS).mpirun
        with WatchedJob(launcher, sum(SLOTS), [interlock.program, "train", "config.yaml"], interlock.folder) as job:
            metrics = interlock.folder / "run/metrics.jsonl"
            end = time.monotonic() + SECONDS
            while time.monotonic() < end and not (metrics.exists() and metrics.read_text().count('"kind":"step"') > 20):
                time.sleep(0.05)
            network.cut_off(2)
            cut = time.monotonic()
            end_of(job)
            ended = FaultRun(job, interlock.folder, since=cut)
            check(not {pid for pid in job.ranks().values() if state_of(pid)}, f"ranks are left: {job.ranks()}")
    check_fault(ended, 2, [6], ["(stage 1)", "no sign of life"], left_clean=False)  # Open MPI's daemon there cannot be told


if __name__ == "__main__":
    hosts.skip_where_missing()
    main([
        ("a rank killed on another host is named", a_fault("2:forward:kill:3", 5, "(stage 1)", "died")),
        ("a rank that freezes on another host is named", a_fault("2:forward:stop:3", 6, "(stage 1)")),
        ("the coordinator's death is seen from other hosts", a_fault("0:order:segv", 5, "SIGSEGV")),
        ("a host that is gone is no hang", host_that_is_gone),
    ])
