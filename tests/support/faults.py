"""Trains with a fault in one rank (common/fault_point.h), and looks at how the job ended and what is left of it."""

import json
import os
from pathlib import Path

from support.runner import Failed, _REPOSITORY, check
from support.watched_job import WatchedJob

MPIRUN = os.environ.get("INTERLOCK_MPIRUN", str(_REPOSITORY / "launch/lib/mpirun.sh"))


class FaultRun:
    """A job that has ended. `seconds`: from the fault (or `since`) to the launcher's exit, None where no fault came."""

    def __init__(self, job, folder, since=None):
        faults = job.faults()
        self.code, self.out, self.err, self.last_line = job.code, job.out(), job.err(), job.last_line()
        since = faults[0].seconds if faults else since
        self.seconds = None if since is None else job.ended - since
        self.leftovers = job.leftovers(folder)  # in words
        files = list(Path(folder).glob("*/failure.json"))
        self.failure = json.loads(files[0].read_text()) if files else None

    def __str__(self):
        return f"exit code {self.code}, {self.seconds} s after the fault, left {self.leftovers}\n--- stderr\n{self.err}"


def run_with_fault(program, folder, config, ranks, fault, timeout):
    """Trains `config` (a file) in `folder` with INTERLOCK_TEST_FAULT=`fault`."""
    with WatchedJob(MPIRUN, ranks, [program, "train", config], folder, fault) as job:
        if job.wait(timeout) is None:
            raise Failed(f"fault {fault}: still running after {timeout} s\n--- stderr\n{job.err()}")
        return FaultRun(job, folder)


def check_fault(run, rank, codes, words=(), seconds=20, folder_known=True, left_clean=True):
    """What every failed job owes its user: exit code, culprit, last line, failure.json, nothing left behind, in time
    (generous here; `launch/bench faults` has the promise)."""
    check(run.code in codes, f"exit code {run.code}, expected one of {codes}: {run}")
    line = run.last_line
    who = "the coordinator (rank 0)" if rank == 0 else f"rank {rank}"
    check(line.startswith(f"interlock: error: {who} "), f"the last line names not {who}: {line}\n{run}")
    for word in words:
        check(word in line, f"no {word!r} in the last line: {line}")
    check(run.seconds is not None, f"the fault never came: {run}")
    check(run.seconds <= seconds, f"{run.seconds:.1f} s from the fault to the end: {run}")
    if folder_known:
        check(run.failure is not None, f"no failure.json: {run}")
        check(run.failure["rank"] == rank, f"failure.json blames rank {run.failure['rank']}: {run}")
        check(run.failure["message"] == line, f"failure.json says otherwise: {run.failure['message']}\n{run}")
    check(not (left_clean and run.leftovers), f"left behind: {run.leftovers}\n{run}")
