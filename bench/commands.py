#!/usr/bin/env python3
"""How soon commands that only look answer: median and worst, from memory and (cold) from disk; limit 2 s."""

import os
import subprocess
import tempfile
import time

import _common as common

LIMIT = 2.0  # seconds
QUICKSTART = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "configs", "quickstart.yaml")


def commands(run):
    return [("--version", ["--version"]), ("--help", ["--help"]), ("config show", ["config", "show", QUICKSTART]),
            ("config keys", ["config", "keys"]), ("inspect a run", ["inspect", run]),
            ("inspect its tensors", ["inspect", run, "--tensors"]), ("top --once", ["top", run, "--once"]),
            ("report", ["report", run, "--out", run + "/report.html"]), ("doctor", ["doctor"]),
            ("doctor --no-ping", ["doctor", "--no-ping"]), ("completion bash", ["completion", "bash"]),
            ("plan --ranks", ["plan", "--ranks", QUICKSTART]), ("plan", ["plan", QUICKSTART]),
            ("check", ["check", QUICKSTART])]


def files_of(program):
    """The program, the full program beside it, and every library they load."""
    files = set()
    for path in (program, program + "-torch"):
        if os.path.exists(path):
            files.add(path)
            listed = subprocess.run(["ldd", path], stdout=subprocess.PIPE, text=True, check=True).stdout
            files.update(word for word in listed.split() if word.startswith("/"))
    return sorted(files)


def forget(files):
    """Makes the next start read from disk; says how. Pages that another process has mapped stay."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
        return "page cache dropped"
    except OSError:
        for path in files:
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
        return "program and libraries dropped from the page cache"


def seconds(arguments, folder):
    start = time.monotonic()
    done = subprocess.run([common.INTERLOCK, *arguments], cwd=folder, env=common.ENVIRONMENT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    taken = time.monotonic() - start
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}")
    return taken


def main():
    arguments = common.parse_arguments(__doc__, cold=3)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "quickstart")
        common.run(common.ranks_command(3, "train", QUICKSTART, f"run.dir={run}"))
        files = files_of(common.INTERLOCK)
        how = "cold"
        for name, command in commands(run):
            warm = [seconds(command, folder) for _ in range(arguments.repeats + 1)][1:]
            cold = []
            for _ in range(arguments.cold):
                how = forget(files)
                cold.append(seconds(command, folder))
            for state, times in (("warm", warm), ("cold", cold)):
                if times:
                    rows.append({"case": f"{name}, {state}", "ours": common.median(times), "worst": max(times), "other": LIMIT,
                                 "ratio": common.median(times) / LIMIT, "unit": "s; limit 2"})
    common.report("commands", rows, arguments.json)
    print(f"cold: {how}")


if __name__ == "__main__":
    main()
