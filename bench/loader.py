#!/usr/bin/env python3
"""Images a second and core: class folders of JPEGs, ours against torchvision's ImageFolder on Pillow, one thread each.

INTERLOCK_BENCH_IMAGES names a folder with train/CLASS/*.jpg; without it, pictures are made.
"""

import json
import os
import subprocess
import tempfile

import _common as common

BUILD = os.path.dirname(os.path.abspath(common.INTERLOCK))
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers", "image_loader.py")
PASSES = 4


def torchvision_python():
    """The Python that the build found for the tests, if it has torchvision and Pillow."""
    python = common.cmake_variable("INTERLOCK_PYTHON") or "python3"
    probe = subprocess.run([python, "-c", "import torchvision, PIL, numpy"], capture_output=True, text=True)
    if probe.returncode != 0:
        reason = (probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"])[-1]
        raise SystemExit(f"loader cannot run: {python} has nothing to compare with ({reason}); launch/setup installs it")
    return python


def rates(command):
    """Images a CPU second of each case."""
    samples = [json.loads(line) for line in common.run(command).splitlines()]
    return {sample["case"]: sample["images"] / sample["seconds"] for sample in samples}


def main():
    arguments = common.parse_arguments(__doc__)
    python = torchvision_python()
    with tempfile.TemporaryDirectory() as made:
        images = os.environ.get("INTERLOCK_BENCH_IMAGES")
        if not images:
            common.run([python, PEER, "make", made])
            images = made
        ours, other = [], []
        for _ in range(arguments.repeats):  # one of each in turn, so that noise hits both alike
            ours.append(rates([os.path.join(BUILD, "bench_loader"), images, str(PASSES)]))
            other.append(rates([python, PEER, "measure", images, str(PASSES)]))
    rows = [{"case": case, "ours": common.median([a[case] for a in ours]),
             "other": common.median([b[case] for b in other]),
             "ratio": common.median([a[case] / b[case] for a, b in zip(ours, other)]),
             "unit": "images/s a core; at least 1"} for case in ours[0]]
    common.report("loader", rows, arguments.json)


if __name__ == "__main__":
    main()
