"""Commit and machine, for the tables: as they were when the command was started. What this command itself writes does not make a
commit dirty."""

import functools
import os
import platform
import subprocess

from paths import ROOT


def _git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@functools.cache
def origin():
    commit = _git("describe", "--always").stdout.strip() or "unknown"
    if commit != "unknown" and _git("diff", "--quiet", "HEAD", "--", ".", ":!docs", ":!bench/claims/record").returncode != 0:
        commit += "-dirty"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {"commit": commit, "machine": f"{processor}, {os.cpu_count()} cores"}
