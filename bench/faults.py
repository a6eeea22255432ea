#!/usr/bin/env python3
"""Faults of every rank at every point: does the job end in time, name the culprit and leave nothing behind? (--trials, --seed)"""

import collections
import json
import os
import random
import re
import tempfile

import _common as common
import _jobs as jobs

# Where a rank comes by, and how often at least in these runs of 8 steps of 2 micro-batches.
COORDINATOR = {"connected": 1, "config": 1, "data": 1, "order": 8, "report": 8, "manifest": 3, "file_write": 3,
               "file_sync": 3, "file_rename": 3, "file_renamed": 3, "leave": 1}
WORKER = {"connected": 1, "config": 1, "data": 1, "built": 1, "order": 8, "forward": 16, "update": 8, "updated": 8,
          "evaluate": 2, "checkpoint": 3, "file_write": 9, "file_sync": 3, "file_rename": 3, "file_renamed": 3, "leave": 1}
STAGE = {0: {"batch_loaded": 16, "gradient_received": 8, "weight_gradient": 8},
         1: {"activation_received": 8, "gradient_received": 8, "gradient_sent": 8, "weight_gradient": 8, "local_loss": 8},
         2: {"activation_received": 8, "gradient_sent": 8}}
POINTS = {0: COORDINATOR, **{1 + stage: {**WORKER, **more} for stage, more in STAGE.items()}}
BEFORE_THE_FOLDER = ("connected", "config", "data", "built")  # no failure.json: the run's folder is not known or not made

KINDS = ("kill", "segv", "abort", "exit", "stop")
# kind: (points, exit code)
OTHERS = {"hang": (None, 6), "throw": (None, 5), "memory": (None, 5), "no_space": (("file_write",), 4),
          "drop": (("activation_send", "gradient_send"), 6)}
HANGS = ("stop", "hang", "drop")
SENDERS = {"activation_send": (1, 2), "gradient_send": (2, 3)}  # ranks
LIMIT = 5.0  # seconds from fault to mpirun's end
HANG_LIMIT = jobs.WATCHDOG + 2
UNKNOWN_LIMIT = 20 + 2  # before the config is known, so are the watchdogs' limits


def limit_of(kind):
    return HANG_LIMIT if kind in HANGS else LIMIT


def plan(trials, seed):
    """(rank, point, kind, count): every rank, point and kind as often as the number allows, in random order."""
    draw = random.Random(seed)
    places = [(rank, point) for rank, points in POINTS.items() for point in points]
    chosen = []
    while len(chosen) < trials:
        draw.shuffle(places)
        for i, (rank, point) in enumerate(places):
            kind = KINDS[(i + len(chosen) // len(places)) % len(KINDS)]
            chosen.append((rank, point, kind, draw.randint(1, POINTS[rank][point])))
    chosen = chosen[:trials]
    for kind, (points, _) in OTHERS.items():
        for _ in range(max(3, trials // 20)):
            if points and points[0] in SENDERS:
                point = draw.choice(points)
                chosen.append((draw.choice(SENDERS[point]), point, kind, draw.randint(1, 8)))
            else:
                rank, point = draw.choice([place for place in places if not points or place[1] in points])
                first = 2 if kind == "no_space" and rank == 0 else 1  # the first is config.yaml: a mistake, and nobody's fault
                chosen.append((rank, point, kind, draw.randint(first, POINTS[rank][point])))
    return chosen


def agreed_on(rank, point, kind, count):
    """All ranks agree on what befalls the coordinator's first file, config.yaml, before training begins: no culprit, but a line."""
    return rank == 0 and point.startswith("file_") and count == 1 and kind in ("throw", "memory", "no_space")


def problems_of(job, run, rank, point, kind, count):
    """(seconds from the fault to the end of mpirun, what is wrong in words)."""
    fault = next((fault for fault in job.faults() if fault.kind == kind), None)
    if fault is None:
        return None, f"the fault never came: exit code {job.code}"
    if job.code is None:
        return None, "the job goes on"
    seconds = job.ended - fault.seconds
    wrong = []
    limit = limit_of(kind) if point != "connected" or kind not in HANGS else UNKNOWN_LIMIT
    if seconds > limit:
        wrong.append(f"{seconds:.1f} s")
    expected = OTHERS[kind][1] if kind in OTHERS else 6 if kind == "stop" else None
    if job.code == 0 or (expected and job.code != expected):
        wrong.append(f"exit code {job.code}")
    named = re.search(r"\brank (\d+)", job.last_line())
    if named is None or int(named[1]) != rank:
        wrong.append(f"last line: {job.last_line()[:160]}")
    told = os.path.join(run, "failure.json")
    if point not in BEFORE_THE_FOLDER and not agreed_on(rank, point, kind, count):
        try:
            with open(told, encoding="utf-8") as file:
                culprit = json.load(file)["rank"]
            if culprit != rank:
                wrong.append(f"failure.json blames rank {culprit}")
        except (OSError, ValueError, KeyError) as problem:
            wrong.append(f"failure.json: {problem!r}")
    left = job.leftovers(run)
    if left:
        wrong.append(f"left behind: {', '.join(left[:4])}")
    return seconds, "; ".join(wrong)


def trial(folder, name, rank, point, kind, count):
    config = jobs.write_job(folder, "images", 2, name, every=3, epochs=2)
    with jobs.train_job(folder, config, f"{rank}:{point}:{kind}:{count}") as job:
        job.wait(30)
        return problems_of(job, os.path.join(folder, name), rank, point, kind, count)


def main():
    arguments = common.parse_arguments(__doc__, trials=200, seed=1)
    tried, right, worst = collections.Counter(), collections.Counter(), collections.defaultdict(float)
    places = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, (rank, point, kind, count) in enumerate(plan(arguments.trials, arguments.seed)):
            seconds, wrong = trial(folder, f"run{number}", rank, point, kind, count)
            tried[kind] += 1
            right[kind] += not wrong
            if point != "connected" or kind not in HANGS:
                worst[kind] = max(worst[kind], seconds or 0)
            places[rank, point] += 1
            if wrong:
                print(f"wrong: INTERLOCK_TEST_FAULT={rank}:{point}:{kind}:{count}: {wrong}", flush=True)
    print(f"{sum(tried.values())} trials, {sum(right.values())} right, at {len(places)} places of {jobs.RANKS} ranks")
    rows = []
    for kind in tried:
        limit = limit_of(kind)
        rows.append({"case": f"{kind}: {right[kind]} of {tried[kind]} right; worst time from the fault to the end",
                     "ours": worst[kind], "other": limit, "ratio": worst[kind] / limit, "unit": "s; other = the limit"})
    common.report("faults", rows, arguments.json)


if __name__ == "__main__":
    main()
