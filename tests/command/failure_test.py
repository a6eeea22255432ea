"""A rank that fails in the middle of training ends the whole job, soon, with its own message and the promised exit code."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from small_run import CONFIG, RANKS, changed, write_data
from support.faults import MPIRUN, check_fault, run_with_fault
from support.runner import Interlock, check, check_equal, main, metrics, write_config
from support.watched_job import WatchedJob

SECONDS = 60
WATCHDOG = 3
WATCHED = {"run.watchdog_seconds": WATCHDOG, "run.setup_watchdog_seconds": WATCHDOG,
           "run.checkpoint_watchdog_seconds": WATCHDOG, "training.epochs": 4}


def last_line(finished):
    return finished.err.strip().splitlines()[-1]


def start(interlock, config):
    write_data(interlock.folder)
    write_config(interlock.folder / "config.yaml", config)
    return interlock.run("train", "config.yaml", ranks=RANKS, timeout=SECONDS)


def fault(interlock, text, *changes):
    """Each fault in a folder of its own."""
    folder = interlock.folder / text.replace(":", "-")
    folder.mkdir()
    write_data(folder)
    write_config(folder / "config.yaml", changed(WATCHED, *changes))
    return run_with_fault(interlock.program, folder, "config.yaml", RANKS, text, SECONDS)


def cannot_write_checkpoint(interlock):
    (interlock.folder / "run").mkdir()
    (interlock.folder / "run/checkpoints").write_text("a file where a folder must be made")
    finished = start(interlock, CONFIG)
    check_equal(finished.code, 4, f"exit code of {finished}")
    check("(stage " in last_line(finished) and "run/checkpoints" in last_line(finished), f"no rank and path in {finished}")


def out_of_memory(interlock):
    # Only rank 2 (stage 1) is short of memory: its activation of 8 GB does not fit into its address space.
    wrapper = interlock.folder / "limited"
    wrapper.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" != 2 ] || ulimit -v 8000000\nexec {interlock.program} "$@"\n')
    wrapper.chmod(0o755)
    wide = [{"linear": {"in": 6, "out": 16}}, "relu", {"linear": {"in": 16, "out": 250_000_000, "bias": False}}, "gelu",
            {"linear": {"in": 250_000_000, "out": 4, "bias": False}}]
    finished = start(Interlock(wrapper, interlock.folder), changed({"model.layers": wide}))
    check_equal(finished.code, 5, f"exit code of {finished}")
    line = last_line(finished)
    check("rank 2 (stage 1)" in line and "out of memory" in line and "micro_batches" in line, f"no hint in {finished}")


def dead_ranks(interlock):
    for text, words in [("0:report:kill", ["SIGKILL"]), ("1:forward:kill:3", ["SIGKILL", "(stage 0)", "forward pass"]),
                        ("2:update:kill", ["SIGKILL", "(stage 1)", "step 1, update"]),
                        ("0:order:segv", ["SIGSEGV"]), ("2:local_loss:segv:2", ["SIGSEGV", "own loss"]),
                        ("1:checkpoint:abort", ["SIGABRT"]), ("2:evaluate:exit", ["exited with code 0"]),
                        ("0:leave:exit", ["exited with code 0"])]:
        check_fault(fault(interlock, text), int(text[0]), [5], words)
    # Before the config is known there is no folder for failure.json.
    for text in ["1:connected:kill", "0:config:exit", "2:data:kill"]:
        check_fault(fault(interlock, text), int(text[0]), [5], folder_known=False)


def hanging_ranks(interlock):
    for text, words in [("1:update:stop:3", ["SIGSTOP", "(stage 0)"]), ("0:report:stop:2", ["SIGSTOP"]),
                        ("2:update:hang:2", ["no progress", "step 2, update"]), ("0:order:hang:3", ["no progress"]),
                        ("1:batch_loaded:hang:2", ["no progress"]), ("2:leave:hang", ["no progress"])]:
        run = fault(interlock, text)
        check_fault(run, int(text[0]), [6], words)


def lost_message(interlock):
    # Stage 0 waits for the gradient that stage 1 has made, and gone on.
    run = fault(interlock, "2:gradient_send:drop", {"learning.horizon": 2, "learning.heads": None})
    check_fault(run, 2, [6], ["the message is lost", "the gradient of micro-batch 0", "rank 1 (stage 0)"])


def failing_ranks(interlock):
    for text, code, words in [("1:update:throw:2", 5, ["a fault that a test asked for", "step 2"]),
                              ("2:forward:memory", 5, ["out of memory"]),
                              ("2:file_write:no_space", 4, ["No space left on device"])]:
        run = fault(interlock, text)
        check_fault(run, int(text[0]), [code], words)
        check_equal([rank["rank"] for rank in run.failure["ranks"]], list(range(RANKS)), "ranks in failure.json")


@contextlib.contextmanager
def training(interlock, name):
    """A run without end, once it trains."""
    folder = interlock.folder / name
    folder.mkdir()
    write_data(folder)
    write_config(folder / "config.yaml", changed(WATCHED, {"training.epochs": 1_000_000}))
    with WatchedJob(MPIRUN, RANKS, [interlock.program, "train", "config.yaml"], folder) as job:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and job.process.poll() is None:
            time.sleep(0.1)
            if (folder / "run/metrics.jsonl").exists() and metrics(folder / "run", "step"):
                break
        yield job


def stop_signals(interlock):
    for name, number in [("usr1", signal.SIGUSR1), ("rank", signal.SIGTERM)]:
        with training(interlock, name) as job:
            os.kill(job.process.pid if name == "usr1" else job.ranks()[2], number)
            check_equal(job.wait(SECONDS), 75, f"exit code after {name}: {job.err()}")


def listening_sockets(pid):
    inodes = set()
    for table in ["tcp", "tcp6"]:
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                inodes.add(f"socket:[{fields[9]}]")
    found = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(file))
        except FileNotFoundError:
            pass  # closed meanwhile
    return [link for link in found if link in inodes]


def no_listeners(interlock):
    with training(interlock, "sockets") as job:
        ranks = job.ranks()
        check_equal(sorted(ranks), list(range(RANKS)), "ranks found")
        found = {rank: listening_sockets(pid) for rank, pid in ranks.items()}
        check(not any(found.values()), f"ranks listen: {found}")


def other_build(interlock):
    # Rank 2 runs a copy of the full program (the one that ranks are) whose build id differs in one byte.
    program = bytearray(Path(interlock.program).with_name("interlock-torch").read_bytes())
    at = program.index(b"GNU\0", program.index(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0")) + 4
    program[at] ^= 1
    other = interlock.folder / "other"
    other.write_bytes(program)
    other.chmod(0o755)
    wrapper = interlock.folder / "mixed"
    wrapper.write_text(f'#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" != 2 ] || exec {other} "$@"\nexec {interlock.program} "$@"\n')
    wrapper.chmod(0o755)
    finished = start(Interlock(wrapper, interlock.folder), CONFIG)
    check_equal(finished.code, 2, f"exit code of {finished}")
    check("rank 2 runs another build" in finished.err, f"no rank named: {finished}")
    check(finished.seconds < 10, f"{finished.seconds:.0f} s")


main([
    ("a checkpoint that cannot be written: exit 4 with rank, stage and path", cannot_write_checkpoint),
    ("out of memory on one rank: exit 5 with a hint", out_of_memory),
    ("a dead rank ends the job, with its name, and nothing is left", dead_ranks),
    ("a rank that hangs or is stopped ends the job, exit 6, with its name", hanging_ranks),
    ("a lost message is found, with sender and receiver", lost_message),
    ("a failing rank ends the job with its own words", failing_ranks),
    ("a signal stops all ranks, exit 75", stop_signals),
    ("ranks of one host open no listening socket", no_listeners),
    ("ranks with another build of the program are refused", other_build),
])
