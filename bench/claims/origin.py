"""Commit and machine, for the tables: as they were when the command was started."""

import functools
import os
import platform
import subprocess

from paths import ROOT


@functools.cache
def origin():
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {"commit": commit.stdout.strip() or "unknown", "machine": f"{processor}, {os.cpu_count()} cores"}
