"""What a run shows of itself: live.json, `interlock top`, each rank's log."""

import json
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from small_run import CONFIG, RANKS, STEPS, changed, train, write_data  # noqa: E402
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402
from support.watched_job import WatchedJob  # noqa: E402

# Steps of a twentieth of a second, as many as a test wants.
SLOW = {
    "model": {"kind": "convnet", "channels": [4, 6]},
    "partition": {"stages": 2},
    "data": {"kind": "shapes", "train_samples": 4000, "eval_samples": 8, "image_size": 8},
    "training": {"batch_size": 4, "epochs": 50},
    "run": {"dir": "run", "device": "simulated", "simulated": {"forward_ms": 10, "head_ms": 5, "input_gradient_ms": 10,
                                                              "weight_gradient_ms": 20}},
}


def slow_job(interlock, config=None, fault=""):
    write_config(interlock.folder / "slow.yaml", config or SLOW)
    return WatchedJob(interlock.mpirun, RANKS, [interlock.program, "train", "slow.yaml"], interlock.folder, fault)


def live(interlock, run="run"):
    return json.loads((interlock.folder / run / "live.json").read_text())


def await_live(interlock, job, condition, what):
    end = time.monotonic() + 30
    while time.monotonic() < end and job.process.poll() is None:
        try:
            found = live(interlock)
            if condition(found):
                return found
        except (OSError, ValueError) as problem:
            check(isinstance(problem, OSError), f"half a file: {problem}")
        time.sleep(0.05)
    check(False, f"no live.json with {what}: {job.err()}")


def log(interlock, rank, run="run"):
    return (interlock.folder / run / "logs" / f"rank-{rank}.log").read_text()


def live_file_of_a_run(interlock):
    with slow_job(interlock) as job:
        first = await_live(interlock, job, lambda found: found["step"] > 2, "steps")
        check_equal((first["state"], first["steps"], first["stages"]), ("training", 50000, 2), "state")
        check_equal([(rank["rank"], rank["stage"]) for rank in first["ranks"]], [(0, -1), (1, 0), (2, 1)], "ranks")
        pids = job.ranks()
        check_equal({rank["rank"]: rank["pid"] for rank in first["ranks"]}, pids, "processes")
        for rank in first["ranks"][1:]:
            check(rank["phase"] == "training" and rank["silent_seconds"] < 20 and rank["host"], f"rank {rank}")
        check(first["seconds_left"] > 10 and all(0 <= busy <= 1 for busy in first["busy_fraction"]), f"{first}")
        check(all(number > 10 for number in first["memory_mebibytes"]), f"memory in {first}")
        await_live(interlock, job, lambda found: found["step"] > first["step"], "later steps")
        top = interlock.succeed("top", "run", "--once").out
        check("\x1b" not in top, f"terminal codes in {top!r}")
        for pattern in (r"^run  training  2 stages, horizon 2", r"step \d+/50000  \[", r"^    0 .* MiB  (step \d+|waits )",
                        r"^    1 .* MiB  (step \d+|waits )"):
            check(re.search(pattern, top, re.M), f"no {pattern} in {top}")
        os.kill(job.process.pid, signal.SIGUSR1)
        check_equal(job.wait(60), 5, "exit code: simulated devices have nothing to save")
    check_equal(live(interlock)["state"], "stopped", "state at the end")
    check("  stopped  " in interlock.succeed("top", "run").out, "top of a stopped run")


def states_at_the_end(interlock):
    for name, ranks in [("ranks", RANKS), ("single", 0)]:
        train(interlock, name, CONFIG, "training.epochs=2", ranks=ranks)
        found = live(interlock, name)
        check_equal((found["state"], found["step"], found["epoch"]), ("done", 2 * STEPS, 2), "state")
        check_equal(found["loss"], metrics(interlock.folder / name, "step")[-1]["loss"], "losses")
        check_equal(found["evaluation"]["loss"], metrics(interlock.folder / name, "eval")[-1]["loss"], "evaluation")
        check_equal(found["checkpoint"]["step"], 2 * STEPS, "checkpoint")
        check(" done " in interlock.succeed("top", name).out, "top of a run that is done")


def failure_is_shown(interlock):
    """A rank that fails: its own log, the coordinator's, live.json and top all say so."""
    with slow_job(interlock, fault="2:update:throw:5") as job:
        check_equal(job.wait(60), 5, f"exit code: {job.err()}")
        line = job.last_line()
    found = live(interlock)
    check_equal((found["state"], found["message"]), ("failed", line), "state")
    check(line in log(interlock, 0), f"the last line is not in {log(interlock, 0)}")
    check("failed: " in log(interlock, 2), f"nothing in rank 2's own log: {log(interlock, 2)}")
    top = interlock.succeed("top", "run").out
    check("failed" in top and "rank 2 (stage 1)" in top, f"not told in {top}")


def death_without_a_word(interlock):
    """All processes killed at once: the file stays as it was, and top finds out that nobody writes it any more."""
    with slow_job(interlock) as job:
        await_live(interlock, job, lambda found: found["step"] > 2, "steps")
        for pid in [job.process.pid, job.launcher(), *job.ranks().values()]:
            if pid:
                os.kill(pid, signal.SIGKILL)
        job.wait(10)
    check_equal(live(interlock)["state"], "training", "state that was left behind")
    path = interlock.folder / "run/live.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, "time": found["time"] - 60}))
    top = interlock.succeed("top", "run").out
    check("run  died" in top and "died without a word 1m" in top, f"not noticed: {top}")


def full_screen(interlock):
    """On a terminal: another screen, which q and Ctrl-C leave as they found it."""
    train(interlock, "run", CONFIG)
    path = interlock.folder / "run/live.json"
    text = json.dumps({**live(interlock), "state": "training", "time": time.time() + 1000})
    for key in ("q", "\x03"):
        path.write_text(text)
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(interlock.folder)
            os.execv(interlock.program, [str(interlock.program), "top", "run", "--interval", "0.2"])
        seen, end = b"", time.monotonic() + 20
        while b"q quits" not in seen and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536)
        check(b"\x1b[?1049h" in seen and b"epoch 1/1" in seen, f"on the screen: {seen!r}")
        os.write(terminal, key.encode())
        while time.monotonic() < end:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
        _, status = os.waitpid(process, 0)
        check_equal(status, 0, f"status after {key!r}")
        check(seen.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), f"the screen is not given back: {seen[-80:]!r}")


def nothing_to_see(interlock):
    missing = interlock.run("top", "nowhere")
    check(missing.code == 2 and "nowhere: no such folder" in missing.err, f"{missing}")
    (interlock.folder / "empty").mkdir()
    empty = interlock.run("top", "empty", "--once")
    check(empty.code == 3 and "no live.json" in empty.err, f"{empty}")


def logs(interlock):
    """Each rank's lines in its own file, with the time; warnings of all ranks in the coordinator's as well."""
    run = train(interlock, "run", CONFIG)
    stamp = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  "
    for rank in range(RANKS):
        text = log(interlock, rank)
        check(all(re.match(stamp, line) for line in text.splitlines()), f"lines without a time in {text}")
        check_equal(text.count("--- start: process "), 1, f"starts of rank {rank}")
    check("evaluation after epoch 1" in log(interlock, 0) and "checkpoint of step 3" in log(interlock, 0), "events")
    train(interlock, "run", CONFIG, "training.epochs=2")
    check_equal(log(interlock, 1).count("--- start: process "), 2, "starts after the run has gone on")
    check("going on from run/checkpoints" in log(interlock, 0), "a line of before the file was open")
    check((run / "logs").is_dir(), "folder")


def warnings_reach_the_coordinator(interlock):
    """A rank that warns: on standard error, in its own file, and in the coordinator's."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", changed({"training.nonfinite": "skip"}, {"training.nonfinite_limit": 10}))
    with WatchedJob(interlock.mpirun, RANKS, [interlock.program, "train", "c.yaml"], interlock.folder,
                    "2:loss:nan:2") as job:
        check_equal(job.wait(60), 0, f"exit code: {job.err()}")
        warnings = re.findall(r"rank 2: warning: (.*)", job.err())
    check_equal(len(warnings), 1, f"warnings of rank 2 in {job}")
    check(f"  warning: {warnings[0]}\n" in log(interlock, 2), f"not in {log(interlock, 2)}")
    check(f"  rank 2: warning: {warnings[0]}\n" in log(interlock, 0), f"not in {log(interlock, 0)}")
    check("warning" not in log(interlock, 1), f"in the log of another rank: {log(interlock, 1)}")


def log_that_cannot_be_written(interlock):
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", CONFIG)
    (interlock.folder / "run").mkdir()
    (interlock.folder / "run/logs").write_text("in the way")
    finished = interlock.succeed("train", "c.yaml", ranks=RANKS)
    check_equal(finished.err.count("log lines are no longer kept there"), RANKS, f"warnings in {finished.err}")
    check_equal(len(metrics(interlock.folder / "run", "step")), STEPS, "steps")


main([
    ("live.json and top follow a run", live_file_of_a_run),
    ("live.json says how a run ended", states_at_the_end),
    ("a failure is in live.json, both logs and top", failure_is_shown),
    ("a job that died without a word is recognised", death_without_a_word),
    ("top on a terminal gives it back", full_screen),
    ("top of nothing", nothing_to_see),
    ("a log a rank", logs),
    ("warnings are in the coordinator's log", warnings_reach_the_coordinator),
    ("a log that cannot be written only warns", log_that_cannot_be_written),
])
