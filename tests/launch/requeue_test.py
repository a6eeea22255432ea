"""The batch scripts' own part in requeueing, without SLURM: what they do with exit codes and signals, and when they give up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.runner import check, check_equal, main  # noqa: E402

SCRIPTS = ("train.sbatch", "train_srun.sbatch")

# Stands in for mpirun and srun: leaves out their options and the program. What it does is in the file `script`.
LAUNCHER = """#!/bin/bash
source "$STAND_IN/script"
"""
PROGRAM = """#!/bin/sh
case "$*" in *--ranks*) echo 3 ;; *--folder*) echo "$STAND_IN/run" ;; esac
"""
SCONTROL = """#!/bin/sh
echo "$@" >> "$STAND_IN/requests"
"""


class Job:
    """A batch job's lives."""

    def __init__(self, folder, script):
        self.folder, self.script, self.restarts = folder / script, script, 0
        self.folder.mkdir()
        for name, text in (("mpirun", LAUNCHER), ("srun", LAUNCHER), ("interlock", PROGRAM), ("scontrol", SCONTROL)):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)

    def start(self, what):
        (self.folder / "script").write_text(what)
        environment = dict(os.environ, STAND_IN=str(self.folder), PATH=f"{self.folder}:{os.environ['PATH']}",
                           INTERLOCK=str(self.folder / "interlock"), INTERLOCK_ROOT=str(ROOT), SLURM_JOB_ID="12",
                           SLURM_TASKS_PER_NODE="3", SLURM_RESTART_COUNT=str(self.restarts))
        self.restarts += 1
        return subprocess.Popen([ROOT / "launch/slurm" / self.script, "config.yaml"], env=environment, text=True,
                                start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def live(self, what):
        """(exit code, output, whether it asked for another life)."""
        before = self.requests()
        process = self.start(what)
        out = process.communicate(timeout=30)[0]
        return process.returncode, out, self.requests() > before

    def requests(self):
        file = self.folder / "requests"
        return file.read_text().count("requeue 12") if file.exists() else 0

    def left(self):
        return [path.name for path in self.folder.glob("*.lives")]


def checkpoint(step):
    folder = f'"$STAND_IN/run/checkpoints/step-{step:08}"'
    return f"mkdir -p {folder}; touch {folder}/manifest.json; "


def gives_up(interlock):
    for script in SCRIPTS:
        job = Job(interlock.folder, script)
        for life in range(2):
            code, out, again = job.live("exit 75")
            check_equal((code, again), (75, True), f"life {life} of {script}: {out}")
        code, out, again = job.live("exit 75")
        check_equal((code, again), (93, False), f"third life in vain of {script}: {out}")
        check("3 lives without a newer checkpoint" in out, out)
        check_equal(job.left(), [], "files left")


def goes_on_while_it_gets_further(interlock):
    for script in SCRIPTS:
        job = Job(interlock.folder, script)
        for life, what in enumerate(("", "", checkpoint(8), "", "", checkpoint(9), "", "")):
            code, out, again = job.live(what + "exit 75")
            check_equal((code, again), (75, True), f"life {life} of {script}: {out}")
        check_equal(job.live("exit 75")[0], 93, f"third life in vain of {script}")


def lives_that_others_ended_count(interlock):
    """A node fails, SLURM starts the job again: no script saw the end."""
    job = Job(interlock.folder, SCRIPTS[0])
    for _ in range(3):
        process = job.start("sleep 60")
        time.sleep(0.7)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    code, out, again = job.live("exit 0")
    check_equal((code, again), (93, False), out)


def only_some_codes(interlock):
    for script in SCRIPTS:
        job = Job(interlock.folder, script)
        for code in (0, 2, 5, 6, 137):
            found, out, again = job.live(f"exit {code}")
            check_equal((found, again), (code, False), out)
        os.environ["INTERLOCK_REQUEUE_CODES"] = "75 5"
        try:
            check_equal(job.live("exit 5")[::2], (5, True), "exit code 5 with INTERLOCK_REQUEUE_CODES")
        finally:
            del os.environ["INTERLOCK_REQUEUE_CODES"]


FAILED = 'printf "5\\nwho is to blame\\n" >"$INTERLOCK_FAILURE_FILE"; '


def rank_has_the_last_word(interlock):
    """A launcher ends with the number of the signal that a rank died of; the code of the rank that ended the job counts."""
    for script in SCRIPTS:
        job = Job(interlock.folder, script)
        code, out, again = job.live(FAILED + "echo the launcher says a lot; exit 137")
        check_equal((code, again), (5, False), out)
        check_equal(out.splitlines()[-1], "who is to blame", "last line")
        check_equal([path.name for path in job.folder.glob("*.failure")], [], "files left")
        os.environ["INTERLOCK_REQUEUE_CODES"] = "75 5"
        try:
            check_equal(job.live(FAILED + "exit 137")[::2], (5, True), "a dead rank, with INTERLOCK_REQUEUE_CODES")
            check_equal(job.live("exit 0")[::2], (0, False), "the next life: no word of the last one's failure")
        finally:
            del os.environ["INTERLOCK_REQUEUE_CODES"]


def stuck_launcher_is_ended(interlock):
    """A launcher that waits for a host that is gone, once ranks have said how the job failed."""
    start = time.monotonic()
    code, out, again = Job(interlock.folder, SCRIPTS[0]).live(FAILED + "trap '' TERM; exec sleep 300")
    check_equal((code, again), (5, False), out)
    check(9 < time.monotonic() - start < 25, f"{time.monotonic() - start:.1f} s")


def passes_signals_on(interlock):
    """SIGUSR1 or SIGTERM to the batch shell reaches the launcher as SIGUSR1, and its exit code counts."""
    for script in SCRIPTS:
        for number in (signal.SIGUSR1, signal.SIGTERM):
            (interlock.folder / number.name).mkdir(exist_ok=True)
            job = Job(interlock.folder / number.name, script)
            process = job.start("trap 'sleep 0.3; exit 75' USR1; trap 'exit 9' TERM; touch $STAND_IN/here\n"
                                "while true; do sleep 0.05; done")
            end = time.monotonic() + 10
            while not (job.folder / "here").exists() and time.monotonic() < end:
                time.sleep(0.02)
            process.send_signal(number)
            out = process.communicate(timeout=20)[0]
            check_equal(process.returncode, 75, f"{number.name} to {script}: {out}")
            check_equal(job.requests(), 1, f"requeued after {number.name} to {script}: {out}")


main([
    ("three lives without a newer checkpoint: given up, exit 93", gives_up),
    ("a newer checkpoint: the count starts again", goes_on_while_it_gets_further),
    ("lives that nobody saw the end of count too", lives_that_others_ended_count),
    ("only exit code 75 asks for another life, unless told otherwise", only_some_codes),
    ("a dead rank's code counts, not its launcher's", rank_has_the_last_word),
    ("a launcher that does not end after its job has failed is ended", stuck_launcher_is_ended),
    ("a warning is passed on, and the exit code comes back", passes_signals_on),
])
