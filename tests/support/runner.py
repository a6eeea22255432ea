"""Shared by the Python tests: runs the program, alone or on ranks, and reads what it wrote.

A test script gives `main` its cases, [(name, function)]. A function takes the Interlock object, raises Failed where the
property does not hold, and may return the largest difference that it found, which is printed.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

SKIPPED = 77
_REPOSITORY = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A property that does not hold, in words."""


def check(condition, message):
    if not condition:
        raise Failed(message)


def check_equal(found, expected, what):
    check(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def skip_without(*modules):
    """Ends the script as skipped where a module that it compares with is not installed."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as reason:
            print(f"skipped: Python module {name} cannot be imported: {reason}")
            sys.exit(SKIPPED)


class Finished:
    """A process that has ended."""

    def __init__(self, command, code, out, err, seconds):
        self.command, self.code, self.out, self.err, self.seconds = command, code, out, err, seconds

    def __str__(self):
        command = " ".join(self.command)
        return f"{command}\nexit code {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


def write_config(path, config):
    """YAML, one section a line (JSON is YAML in flow style)."""
    text = "".join(f"{section}: {json.dumps(keys)}\n" for section, keys in config.items())
    Path(path).write_text(text)
    return path


class Interlock:
    """The program under test, with a temporary folder to work in. `ranks` = 0 means: no launcher."""

    def __init__(self, program, folder):
        self.program = Path(program).resolve()
        self.folder = Path(folder)
        self.mpirun = os.environ.get("INTERLOCK_MPIRUN", str(_REPOSITORY / "launch/lib/mpirun.sh"))

    def run(self, *arguments, ranks=0, timeout=120):
        command = [self.program, *arguments]
        if ranks > 0:
            command = [self.mpirun, ranks, *command]
        command = [str(word) for word in command]
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=self.folder, text=True, errors="backslashreplace", stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)  # mpirun takes its ranks along
            try:
                out, err = process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
            raise Failed(f"still running after {timeout} s: {Finished(command, 'none', out, err, timeout)}") from None
        return Finished(command, process.returncode, out, err, time.monotonic() - start)

    def succeed(self, *arguments, ranks=0, timeout=120):
        finished = self.run(*arguments, ranks=ranks, timeout=timeout)
        check(finished.code == 0, f"expected exit code 0: {finished}")
        return finished

    def train(self, name, config, *arguments, ranks=0):
        """Trains `config` with run.dir `name`; ranks = 0 takes the single process. Returns the run's folder."""
        config = {**config, "run": {**config.get("run", {}), "dir": name}}
        write_config(self.folder / f"{name}.yaml", config)
        how = [] if ranks > 0 else ["--single-process"]
        self.succeed("train", f"{name}.yaml", *how, *arguments, ranks=ranks)
        return self.folder / name

    def export(self, run, file, *arguments):
        """Writes the weights of the run's newest checkpoint to `file`. Returns its path."""
        self.succeed("export", run, "--out", file, *arguments)
        return self.folder / file


def metrics(run, kind=None):
    """The lines of a run's metrics.jsonl, all or of one kind."""
    lines = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if kind is None or line["kind"] == kind]


def largest_difference(found, expected, what, limit):
    """Compares two dicts of tensors (or numbers): same names, same shapes, at most `limit` apart. Returns how far."""
    check_equal(sorted(found), sorted(expected), f"names of {what}")
    worst, where = 0.0, ""
    for name, ours in found.items():
        theirs = expected[name]
        if hasattr(ours, "shape"):
            check_equal(tuple(ours.shape), tuple(theirs.shape), f"shape of {name} in {what}")
            difference = (ours.double() - theirs.double()).abs().max().item() if ours.numel() else 0.0
        else:
            difference = abs(ours - theirs)
        check(difference == difference, f"{what}: {name} is not a number")
        if difference >= worst:
            worst, where = difference, name
    check(worst <= limit, f"{what}: {where} differs by {worst:.3g}, more than {limit:g}")
    return worst


def main(cases):
    """Runs the cases, or those whose name contains argv[2]; ends the script with 0 or 1."""
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    failed = 0
    for name, function in cases:
        if wanted not in name:
            continue
        start = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(prefix="interlock-test-") as folder:
                difference = function(Interlock(sys.argv[1], folder))
            outcome = "ok" if difference is None else f"ok, largest difference {difference:.2g}"
        except Failed as problem:
            failed += 1
            outcome = f"FAILED: {problem}"
        except Exception:
            failed += 1
            outcome = f"FAILED: {traceback.format_exc()}"
        print(f"{name}: {outcome} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{failed} failed" if failed else "all passed")
    sys.exit(1 if failed else 0)
