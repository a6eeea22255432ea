#!/usr/bin/env python3
"""A tensor handed to the next rank and back, against a bare MPI ping-pong of the same bytes in the same run."""

import json
import os

import _common as common

PROGRAM = os.path.join(os.path.dirname(common.INTERLOCK), "bench_transport")
BLOCKS = 15
SMALL = 16 * 1024  # below, latency counts; above, bandwidth


def size_name(size):
    for unit, scale in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= scale:
            return f"{size // scale} {unit}"
    return f"{size} B"


def main():
    arguments = common.parse_arguments(__doc__)
    halves = {}  # bytes -> microseconds of every block of every repeat, (ours, other)
    for _ in range(arguments.repeats):
        for line in common.run([common.MPIRUN, "2", PROGRAM, str(BLOCKS)]).splitlines():
            sample = json.loads(line)
            ours, other = halves.setdefault(sample["bytes"], ([], []))
            ours += sample["channel"]
            other += sample["mpi"]
    rows = []
    for size, (ours_us, other_us) in halves.items():
        ours, other = common.median(ours_us), common.median(other_us)
        if size < SMALL:
            rows.append({"case": f"{size_name(size)}, one way", "ours": ours, "other": other, "ratio": ours / other,
                         "unit": "us", "difference": ours - other})
        else:
            ours, other = size / ours / 1e3, size / other / 1e3
            rows.append({"case": f"{size_name(size)}, one way", "ours": ours, "other": other, "ratio": ours / other,
                         "unit": "GB/s", "difference": ours - other})
    common.report("transport", rows, arguments.json)


if __name__ == "__main__":
    main()
