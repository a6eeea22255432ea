"""A rank that fails in the middle of training ends the whole job, soon, with its own message and the promised exit code."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_run import CONFIG, RANKS, changed, write_data
from support.runner import Interlock, check, check_equal, main, write_config

SECONDS = 60


def error_lines(finished):
    return [line for line in finished.err.splitlines() if line.startswith("interlock: ") and "error:" in line]


def start(interlock, config):
    write_data(interlock.folder)
    write_config(interlock.folder / "config.yaml", config)
    return interlock.run("train", "config.yaml", ranks=RANKS, timeout=SECONDS)


def cannot_write_checkpoint(interlock):
    (interlock.folder / "run").mkdir()
    (interlock.folder / "run/checkpoints").write_text("a file where a folder must be made")
    finished = start(interlock, CONFIG)
    check_equal(finished.code, 4, f"exit code of {finished}")
    errors = error_lines(finished)
    check(errors and all("(stage " in line and "run/checkpoints" in line for line in errors), f"no rank and path in {finished}")


def out_of_memory(interlock):
    # Only rank 2 (stage 1) is short of memory: its activation of 8 GB does not fit into its address space.
    wrapper = interlock.folder / "limited"
    wrapper.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" != 2 ] || ulimit -v 8000000\nexec {interlock.program} "$@"\n')
    wrapper.chmod(0o755)
    wide = [{"linear": {"in": 6, "out": 16}}, "relu", {"linear": {"in": 16, "out": 250_000_000, "bias": False}}, "gelu",
            {"linear": {"in": 250_000_000, "out": 4, "bias": False}}]
    finished = start(Interlock(wrapper, interlock.folder), changed({"model.layers": wide}))
    check_equal(finished.code, 5, f"exit code of {finished}")
    errors = error_lines(finished)
    check(len(errors) == 1 and "out of memory" in errors[0] and "micro_batches" in errors[0], f"no hint in {finished}")


def children_of(pid):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else None
        except OSError:
            continue
        if fields and int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


def descendants_of(pid):
    found = children_of(pid)
    for child in list(found):
        found += descendants_of(child)
    return found


def killed_rank(interlock):
    killed = []

    def kill_soon():
        # The last rank to start is a worker; by now all have met, and train.
        for _ in range(200):
            time.sleep(0.1)
            if (interlock.folder / "run/metrics.jsonl").exists():
                break
        time.sleep(0.5)
        ranks = [pid for pid in descendants_of(os.getpid()) if b"interlock" in Path(f"/proc/{pid}/comm").read_bytes()]
        if ranks:
            os.kill(max(ranks), signal.SIGKILL)
            killed.append(time.monotonic())

    thread = threading.Thread(target=kill_soon)
    thread.start()
    finished = start(interlock, changed({"training.epochs": 1_000_000, "run.checkpoint": False}))
    ended = time.monotonic()
    thread.join()
    check(killed, f"no rank found to kill: {finished}")
    check(finished.code not in (0, None), f"exit code of {finished}")
    check(ended - killed[0] < 10, f"the job went on for {ended - killed[0]:.0f} s after a rank was killed")


main([
    ("a checkpoint that cannot be written: exit 4 with rank, stage and path", cannot_write_checkpoint),
    ("out of memory on one rank: exit 5 with a hint", out_of_memory),
    ("a killed rank ends the job within seconds", killed_rank),
])
