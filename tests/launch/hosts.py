"""Hosts made of network namespaces of this machine (launch/lib/netns_hosts.sh), for as long as a test lasts."""

import os
import subprocess
import sys
from pathlib import Path

from support.runner import SKIPPED, Failed, Interlock

SCRIPT = str(Path(__file__).resolve().parents[2] / "launch/lib/netns_hosts.sh")


def missing():
    """Why there can be no such hosts here; empty if there can."""
    done = subprocess.run([SCRIPT, "possible"], stderr=subprocess.PIPE, text=True)
    return done.stderr.strip() if done.returncode != 0 else ""


def _script(*words):
    command = [SCRIPT, *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def skip_where_missing():
    """Ends the script as skipped where there can be no such hosts."""
    if reason := missing():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)


class Hosts:
    """They exist inside the `with`. `rate`: what each may send, as tc says it; empty for no limit."""

    def __init__(self, count, rate=""):
        self.name, self.count, self.rate = f"il{os.getpid()}", count, rate

    def __enter__(self):
        _script("up", self.name, self.count, *([self.rate] if self.rate else []))
        return self

    def __exit__(self, *_):
        _script("down", self.name)

    def addresses(self):
        """Name -> address."""
        return dict(line.split() for line in _script("addresses", self.name).splitlines()[1:])

    def outside(self):
        """The address at which they reach this machine."""
        return _script("addresses", self.name).split()[1]

    def on(self, host):
        """The words to put before a command that is to run there."""
        return [SCRIPT, "on", host]

    def sent(self):
        """Bytes so far, by host."""
        return [int(line) for line in _script("sent", self.name).split()]

    def cut_off(self, number):
        """Pulls the cable of a host (from 1)."""
        subprocess.run(["ip", "link", "set", f"{self.name}v{number}", "down"], check=True)

    def program(self, interlock, slots, environment=None):
        """The program, whose ranks are started on these hosts: `slots` of each."""
        launcher = interlock.folder / "launcher"
        settings = "".join(f"export {name}={value}\n" for name, value in (environment or {}).items())
        # Called as launch/lib/mpirun.sh is: RANKS PROGRAM ARGUMENT ...
        run = f'exec {SCRIPT} run {self.name} {",".join(map(str, slots))} "$@"'
        launcher.write_text(f"#!/bin/sh\n{settings}shift\n{run}\n")
        launcher.chmod(0o755)
        there = Interlock(interlock.program, interlock.folder)
        there.mpirun = str(launcher)
        return there
